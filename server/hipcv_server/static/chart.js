// What the drawn charts share: they are drawn for the width they get, so that their letters keep their size.
import { element, svg } from "./element.js";
import { SIDES, capital } from "./words.js";

/** A box that holds `draw(width)` and draws it anew where its width changes. */
export function fitted(draw) {
  const box = element("div", { class: "chart" });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.round(box.clientWidth);
    if (width > 0 && width !== drawn) {
      drawn = width;
      box.replaceChildren(draw(width));
    }
  }).observe(box);
  return box;
}

/** A scale from values to pixels. */
export function scale(low, high, from, to) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** Round numbers between two values, at most `most` of them. */
export function ticks(low, high, most) {
  const step = [1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600].find((s) => (high - low) / s <= most) ?? 1200;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((high - first) / step) + 1) }, (_, k) => first + k * step);
}

/** A mark whose shape tells the side too: a disc is left, a square is right. */
export function mark(side, x, y, size, attributes = {}) {
  const shape = side === "left"
    ? svg("circle", { cx: x, cy: y, r: size })
    : svg("rect", { x: x - size * 0.9, y: y - size * 0.9, width: size * 1.8, height: size * 1.8 });
  shape.setAttribute("class", `mark ${side}`);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  return shape;
}

/** Which mark means what. */
export function legend(sides = SIDES, band = null) {
  const entries = sides.map((side) => element("li", {}, svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, mark(side, 8, 8, 5)), capital(side)));
  if (band) entries.push(element("li", {}, svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, svg("rect", { class: "band", x: 1, y: 2, width: 14, height: 12 })), band));
  return element("ul", { class: "legend" }, entries);
}
