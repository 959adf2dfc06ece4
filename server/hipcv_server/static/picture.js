// One picture of an uploaded video, as the browser shows it.
import { element } from "./element.js";

/**
 * Gives a canvas the size of the video and calls `ready` once `draw` can draw it there; `fail` where the browser cannot
 * show it. `free` lets go of the video.
 */
export function pictureOf(file, canvas, ready, fail) {
  const video = element("video", { muted: true, playsinline: true, preload: "auto", src: URL.createObjectURL(file) });
  video.addEventListener("loadeddata", () => { video.currentTime = Math.min(0.1, video.duration / 2); }, { once: true });
  video.addEventListener("seeked", () => {
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    ready();
  });
  video.addEventListener("error", () => { canvas.hidden = true; fail(); });
  return {
    draw: () => canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height),
    free: () => URL.revokeObjectURL(video.src),
  };
}
