// Upright edges drawn over a picture of an uploaded video: where down is, when the room does not say it clearly.
import { button, element } from "./element.js";
import { pictureOf } from "./picture.js";

const SHORTEST_PX = 20;
const MOST = 8;

/** A place to draw on; `done` is called with "x1,y1,x2,y2" of every edge, in pixels of the upright, unmirrored picture. */
export function markEdges(file, mirrored, done, close) {
  const edges = [];
  let drawn = null;
  const canvas = element("canvas", { class: "edges", role: "img", "aria-label": "A picture of the video to draw upright edges on" });
  const again = button("Measure again with these edges", () => { end(); done(edges.map((edge) => text(edge, canvas.width, mirrored))); }, { disabled: true });
  const state = element("p", { class: "state", role: "status" }, "Reading a picture of the video …");
  const box = element("div", { class: "marking" },
    element("p", {}, "Draw along two edges that are upright in the room, such as door frames: one left and one right of the person. Press at one end, drag to the other."),
    canvas, state,
    element("div", { class: "row actions" }, again, button("Start over", () => { edges.length = 0; show(); }), button("Close", () => { end(); close(); })));

  const { draw, free } = pictureOf(file, canvas, () => show(), () => {
    state.textContent = "This browser cannot show this video: give the camera's roll in degrees under “More options” instead, or convert the video to MP4.";
  });
  const end = () => { free(); box.remove(); };
  const place = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(event.clientX - left) * canvas.width / width, (event.clientY - top) * canvas.height / height];
  };
  const show = () => {
    draw();
    const pen = canvas.getContext("2d");
    for (const [width, colour] of [[6, "#000"], [3, "#ffd400"]]) {
      pen.lineWidth = width * Math.max(1, canvas.width / 900);
      pen.strokeStyle = colour;
      for (const edge of drawn ? [...edges, drawn] : edges) {
        pen.beginPath(); pen.moveTo(edge[0], edge[1]); pen.lineTo(edge[2], edge[3]); pen.stroke();
      }
    }
    again.disabled = edges.length === 0;
    state.textContent = ["No edge drawn yet.", "One edge drawn; a second one on the other side makes it surer."][edges.length] ?? `${edges.length} edges drawn.`;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (edges.length === MOST) return;
    canvas.setPointerCapture(event.pointerId);
    drawn = [...place(event), ...place(event)];
  });
  canvas.addEventListener("pointermove", (event) => { if (drawn) { drawn.splice(2, 2, ...place(event)); show(); } });
  canvas.addEventListener("pointerup", () => {
    if (drawn && Math.hypot(drawn[0] - drawn[2], drawn[1] - drawn[3]) > SHORTEST_PX) edges.push(drawn);
    drawn = null;
    show();
  });
  canvas.addEventListener("pointercancel", () => { drawn = null; show(); });
  return box;
}

function text([x1, y1, x2, y2], width, mirrored) {
  const [a, b] = mirrored ? [width - x1, width - x2] : [x1, x2];
  return [a, y1, b, y2].map((value) => value.toFixed(1)).join(",");
}
