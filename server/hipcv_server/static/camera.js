// The camera: opening it, naming what went wrong, and its pictures as they are sent (never mirrored).
const LONG_SIDE_PX = 640;
const QUALITY = 0.85;
// A capture time on another clock than the page's own is of no use.
const SAME_CLOCK_MS = 1000;

const REASONS = {
  NotAllowedError: "The camera was not allowed: allow it for this page (the camera sign beside the address), then try again.",
  NotFoundError: "No camera was found: plug one in or switch it on, then try again.",
  NotReadableError: "The camera is in use by another program: close that one, then try again.",
  OverconstrainedError: "This camera is no longer there: choose another one.",
};

/** Why the camera cannot be opened, in one sentence. */
export class CameraError extends Error {}

/** Return why this page could not use any camera at all, or null. */
export function cameraObstacle() {
  if (navigator.mediaDevices?.getUserMedia) return null;
  if (window.isSecureContext) return "This browser gives pages no camera: use a current Firefox, Chrome, Edge or Safari.";
  return "Browsers lend the camera only to pages on the same computer or over https: open this page on the computer that runs "
    + "hipcv, start hipcv with a certificate, or upload a recorded video instead.";
}

/** An open camera. */
export class Camera {
  /** Open a camera by its id, else the usual one. */
  static async open(id) {
    const obstacle = cameraObstacle();
    if (obstacle) throw new CameraError(obstacle);
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    const which = id ? { deviceId: { exact: id } } : { facingMode: "user" };
    try {
      return new Camera(await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, ...size } }));
    } catch (error) {
      throw new CameraError(REASONS[error.name] ?? `The camera does not start (${error.name}): unplug it, plug it in and try again.`);
    }
  }

  constructor(stream) {
    this.stream = stream;
    this.track = stream.getVideoTracks()[0];
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.busy = false;
    /** Whether the camera itself gives a mirror image, as the person in front of it says; it is turned back. */
    this.mirrors = false;
  }

  /** What this camera is called on this device. */
  get name() { return this.track.label || this.id; }

  get id() { return this.track.getSettings().deviceId ?? ""; }

  /** Which way it looks, "user" or "environment"; null for one that is not built into the device. */
  get facing() {
    const told = this.track.getSettings().facingMode;
    if (told) return told === "environment" ? "environment" : "user";
    if (/\b(back|rear|environment)\b/i.test(this.track.label)) return "environment";
    return /\b(front|facetime)\b/i.test(this.track.label) ? "user" : null;
  }

  /** Whether the picture is shown as in a mirror. */
  get selfie() { return this.facing !== "environment"; }

  /** Show the camera's picture in a video element. */
  async show(video) {
    video.srcObject = this.stream;
    video.classList.toggle("mirrored", this.selfie !== this.mirrors);
    await video.play().catch(() => {});
    if (!video.videoWidth) await new Promise((done) => video.addEventListener("loadedmetadata", done, { once: true }));
  }

  /** Call `take(capture time in seconds)` for every picture; returns how to stop. */
  watch(video, take) {
    let over = false, timer = 0;
    const next = () => {
      if (over) return;
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(seen);
      else timer = setTimeout(() => seen(performance.now(), {}), 33);
    };
    const seen = (now, about) => {
      if (over) return;
      const captured = about.captureTime;
      const trusted = captured !== undefined && Math.abs(captured - now) < SAME_CLOCK_MS;
      take((trusted ? captured : now) / 1000);
      next();
    };
    next();
    return () => { over = true; clearTimeout(timer); };
  }

  /** Return the picture as a JPEG, or null while the last one is still being made. */
  async picture(video) {
    const { videoWidth: width, videoHeight: height } = video;
    if (this.busy || !width) return null;
    this.busy = true;
    try {
      const scale = Math.min(1, LONG_SIDE_PX / Math.max(width, height));
      const size = [Math.round(width * scale), Math.round(height * scale)];
      if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
      this.pen.setTransform(this.mirrors ? -1 : 1, 0, 0, 1, this.mirrors ? size[0] : 0, 0);
      this.pen.drawImage(video, 0, 0, ...size);
      return await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
    } finally {
      this.busy = false;
    }
  }

  /** Call `then` where somebody unplugs it. */
  onLost(then) { this.track.addEventListener("ended", then); }

  close() { for (const track of this.stream.getTracks()) track.stop(); }
}

/** List the cameras there are; names are known once one has been allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((d) => d.kind === "videoinput").map((d, k) => ({ id: d.deviceId, name: d.label || `Camera ${k + 1}` }));
}
