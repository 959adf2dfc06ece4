// Skeleton, plumb lines and angles over the live picture. Where the picture is shown as in a mirror, positions are
// mirrored here and nothing else: letters stay readable, and a side's angle stays that side's.
import { SIDES } from "./words.js";

export const COLOURS = { left: "#58b6ff", right: "#ffa352" };

/** Draw one reading; `view` says whether the picture is mirrored, and whose turn it is. */
export function draw(canvas, reading, view) {
  const scene = new Scene(canvas, reading, view), { skeleton } = reading;
  scene.clear();
  if (!skeleton) return;
  for (const [a, b] of skeleton.trunk) scene.bone(a, b, "rgba(255,255,255,.75)", 2);
  for (const side of SIDES) scene.leg(side, skeleton[side], reading[`${side}_deg`]);
}

class Scene {
  constructor(canvas, reading, view) {
    const [width, height] = reading.frame_size_px, dense = window.devicePixelRatio || 1;
    const box = [Math.round(canvas.clientWidth * dense), Math.round(canvas.clientHeight * dense)];
    if (canvas.width !== box[0] || canvas.height !== box[1]) [canvas.width, canvas.height] = box;
    Object.assign(this, { reading, view, width, box, pen: canvas.getContext("2d") });
    this.scale = Math.min(box[0] / width, box[1] / height);
    this.from = [(box[0] - width * this.scale) / 2, (box[1] - height * this.scale) / 2];
    this.unit = Math.max(box[0], box[1]) / 640;
  }

  clear() { this.pen.clearRect(0, 0, ...this.box); }

  at([x, y]) {
    return [this.from[0] + (this.view.mirrored ? this.width - x : x) * this.scale, this.from[1] + y * this.scale];
  }

  stroke(from, to, colour, thick, dash = []) {
    const { pen } = this;
    pen.lineCap = "round";
    pen.setLineDash(dash);
    for (const [ink, width] of [["rgba(0,0,0,.5)", thick + 2], [colour, thick]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = width * this.unit;
      pen.beginPath();
      pen.moveTo(...from);
      pen.lineTo(...to);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  bone(a, b, colour, thick) {
    if (a && b) this.stroke(this.at(a), this.at(b), colour, thick);
  }

  leg(side, [hip, knee, ankle, foot], angle) {
    const mine = this.view.side === side, colour = COLOURS[side];
    this.bone(hip, knee, colour, mine ? 4 : 2.5);
    this.bone(ankle, foot, colour, mine ? 4 : 2.5);
    if (!knee || !ankle) return;
    const from = this.at(knee), to = this.at(ankle);
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const down = this.plumb();
    const end = [from[0] + down[0] * length * 1.15, from[1] + down[1] * length * 1.15];
    this.stroke(from, end, "#fff", 1.6, [6 * this.unit, 5 * this.unit]);
    if (angle !== null) this.arc(from, down, to, length * 0.6, colour);
    this.stroke(from, to, colour, mine ? 7 : 4);
    this.dot(from, colour, mine ? 6 : 4);
    this.dot(to, colour, mine ? 6 : 4);
    if (angle !== null) this.label(`${side === "left" ? "L" : "R"} ${Math.round(angle)}°`, [to[0], to[1] - Math.sign(down[1]) * -24 * this.unit], mine);
  }

  /** The direction in which a resting shank points, as it is shown. */
  plumb() {
    const [x, y] = this.reading.skeleton.plumb;
    return [this.view.mirrored ? -x : x, y];
  }

  arc(knee, down, ankle, radius, colour) {
    const { pen } = this;
    const from = Math.atan2(down[1], down[0]), to = Math.atan2(ankle[1] - knee[1], ankle[0] - knee[0]);
    const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from));
    pen.globalAlpha = 0.35;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.moveTo(...knee);
    pen.arc(...knee, radius, from, from + turn, turn < 0);
    pen.fill();
    pen.globalAlpha = 1;
  }

  dot(at, colour, radius) {
    const { pen } = this;
    pen.fillStyle = colour;
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.6 * this.unit;
    pen.beginPath();
    pen.arc(...at, radius * this.unit, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }

  label(text, [x, y], mine) {
    const { pen } = this;
    pen.font = `700 ${Math.round((mine ? 24 : 17) * this.unit)}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 5 * this.unit;
    pen.strokeStyle = "rgba(0,0,0,.75)";
    pen.strokeText(text, x, y);
    pen.fillStyle = "#fff";
    pen.fillText(text, x, y);
  }
}
