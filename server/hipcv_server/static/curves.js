// The movement over time: both legs, the holds that were measured, and the range of other people.
import { fitted, legend, scale, ticks } from "./chart.js";
import { element, svg } from "./element.js";
import { MOTIONS, resultsOf } from "./motions.js";
import { SIDES, capital, degrees } from "./words.js";

const TOP = 22, LEFT = 42, RIGHT = 10, BOTTOM = 26, HEIGHT = 280;

/** Draw the angles of a recording; null where there are none. */
export function curves(series, assessment, reference) {
  const known = SIDES.flatMap((side) => series[`${side}_deg`]).filter((value) => value !== null);
  if (series.time_s.length < 2 || known.length === 0) return null;
  const band = reference ? [reference.low_deg, reference.high_deg] : null;
  let low = -10, high = 40;
  for (const value of known) { low = Math.min(low, value); high = Math.max(high, value); }
  const limits = { low: Math.max(low, -60) - 3, high: Math.min(high, 110) + 8 };
  const holds = SIDES.flatMap((side) => resultsOf(assessment, side).flatMap(({ motion, trials }) => trials.filter((t) => t.hold_start_s !== null).map((t) => ({ side, at: MOTIONS[motion] * t.end_range_deg, ...t }))));
  const spoken = holds.map((t) => `${t.side} ${degrees(t.end_range_deg)}${t.at < 0 ? " inwards" : ""}`).join(", ");
  const label = `Angle of both lower legs over ${Math.round(series.time_s.at(-1) - series.time_s[0])} seconds. Holds: ${spoken || "none"}.`;
  return element("div", {}, legend(SIDES, band ? "range to compare with" : null),
    fitted((width) => draw(width, { series, holds, band, limits, label })));
}

function draw(width, { series, holds, band, limits, label }) {
  const time = series.time_s, first = time[0], last = time.at(-1), bottom = HEIGHT - BOTTOM;
  const x = scale(first, last, LEFT, width - RIGHT), y = scale(limits.low, limits.high, bottom, TOP);
  const inside = (value) => Math.min(bottom, Math.max(TOP, y(value)));
  const drawing = svg("svg", { width, height: HEIGHT, role: "img", "aria-label": label });
  if (band) drawing.append(svg("rect", { class: "band", x: LEFT, y: inside(band[1]), width: width - RIGHT - LEFT, height: Math.max(0, inside(band[0]) - inside(band[1])) }));
  for (const tick of ticks(limits.low, limits.high, 6)) {
    drawing.append(svg("line", { class: tick === 0 ? "grid zero" : "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }));
    drawing.append(svg("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, degrees(tick)));
  }
  for (const tick of ticks(0, last - first, width / 70)) {
    drawing.append(svg("text", { x: x(first + tick), y: HEIGHT - 7, "text-anchor": "middle" }, `${tick} s`));
  }
  for (const side of SIDES) drawing.append(svg("path", { class: `curve ${side}`, d: path(time, series[`${side}_deg`], x, y, width) }));
  let occupied = -Infinity;
  for (const hold of holds.toSorted((a, b) => a.hold_start_s - b.hold_start_s)) {
    const from = x(hold.hold_start_s), to = x(hold.hold_stop_s), height = y(hold.at);
    drawing.append(svg("line", { class: `hold ${hold.side}`, x1: from, x2: to, y1: height, y2: height }));
    if ((from + to) / 2 - occupied < 36) continue; // no room for another number
    occupied = (from + to) / 2;
    drawing.append(svg("text", { class: "value", x: occupied, y: hold.at < 0 ? height + 18 : height - 9, "text-anchor": "middle" }, `${capital(hold.side)[0]} ${degrees(hold.end_range_deg)}`));
  }
  return drawing;
}

function path(time, values, x, y, width) {
  const step = Math.max(1, Math.floor(time.length / (2 * width)));
  let drawn = "", down = false;
  for (let k = 0; k < time.length; k += step) {
    if (values[k] === null) { down = false; continue; }
    drawn += `${down ? "L" : "M"}${x(time[k]).toFixed(1)} ${y(values[k]).toFixed(1)}`;
    down = true;
  }
  return drawn;
}
