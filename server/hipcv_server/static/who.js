// Who is tested, where several people sit: a tap on the knees, or in an uploaded video one of two buttons.
import { button, element } from "./element.js";
import { pictureOf } from "./picture.js";

/** A picture to tap on; `done` is called with "x,y", in shares of the unmirrored picture, or with "left" or "right". */
export function askWho(file, mirrored, done, close) {
  const canvas = element("canvas", { class: "edges", role: "img", "aria-label": "A picture of the video: tap on the knees of the person who is tested" });
  const state = element("p", { class: "state", role: "status" }, "Reading a picture of the video …");
  const chosen = (place) => { end(); done(place); };
  const box = element("div", { class: "marking" },
    element("p", {}, "Tap on the knees of the person who is tested."), canvas, state,
    element("div", { class: "row actions" }, button("The person on the left", () => chosen(mirrored ? "right" : "left")), button("The person on the right", () => chosen(mirrored ? "left" : "right")), button("Close", () => { end(); close(); })));
  const { draw, free } = pictureOf(file, canvas, () => { draw(); state.textContent = ""; }, () => {
    state.textContent = "This browser cannot show this video: choose by the buttons.";
  });
  const end = () => { free(); box.remove(); };
  canvas.addEventListener("click", (event) => chosen(placeOf(event, canvas, mirrored)));
  return box;
}

/** Where in a picture somebody has tapped: "x,y", in shares of the unmirrored picture. */
export function placeOf(event, canvas, mirrored) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
  return [mirrored ? 1 - x : x, y].map((share) => Math.min(1, Math.max(0, share)).toFixed(3)).join(",");
}
