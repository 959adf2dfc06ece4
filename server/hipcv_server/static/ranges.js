// Left against right: both hips on one ruler, each with its interval, over the range of other people.
import { fitted, mark, scale, ticks } from "./chart.js";
import { svg } from "./element.js";
import { resultOf } from "./motions.js";
import { SIDES, capital, degrees } from "./words.js";

const ROW = 46, LEFT = 52, RIGHT = 16;

/** Draw the sides of an assessment; `reference` is one of a side's comparisons, or null. */
export function ranges(assessment, reference) {
  const measured = SIDES.filter((side) => resultOf(assessment, side).end_range_deg !== null);
  const values = measured.flatMap((side) => [resultOf(assessment, side).end_range_deg, ...(resultOf(assessment, side).interval95_deg ?? [])]);
  const band = reference ? [reference.low_deg, reference.high_deg] : [];
  const low = Math.min(0, ...values) , high = Math.max(60, ...values, ...band) + 4;
  const words = measured.map((side) => {
    const { end_range_deg: value, interval95_deg: interval } = resultOf(assessment, side);
    return `${capital(side)} ${degrees(value)}${interval ? `, between ${degrees(interval[0])} and ${degrees(interval[1])}` : ""}`;
  });
  if (reference) words.push(`range to compare with ${degrees(band[0])} to ${degrees(band[1])}`);
  return fitted((width) => draw(width, { assessment, measured, band, low, high, label: `${words.join("; ")}.` }));
}

function draw(width, { assessment, measured, band, low, high, label }) {
  const bottom = 12 + measured.length * ROW, x = scale(low, high, LEFT, width - RIGHT);
  const drawing = svg("svg", { width, height: bottom + 26, role: "img", "aria-label": label });
  if (band.length) drawing.append(svg("rect", { class: "band", x: x(band[0]), y: 6, width: x(band[1]) - x(band[0]), height: bottom - 6 }));
  for (const tick of ticks(low, high, width / 55)) {
    drawing.append(svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 6, y2: bottom }));
    drawing.append(svg("text", { x: x(tick), y: bottom + 18, "text-anchor": "middle" }, degrees(tick)));
  }
  measured.forEach((side, row) => {
    const y = 12 + ROW * (row + 0.5), { end_range_deg: value, interval95_deg: interval, trials } = resultOf(assessment, side);
    drawing.append(svg("text", { class: "name", x: LEFT - 8, y: y + 5, "text-anchor": "end" }, capital(side)));
    if (interval) drawing.append(svg("line", { class: `interval ${side}`, x1: x(interval[0]), x2: x(interval[1]), y1: y, y2: y }));
    for (const trial of trials) {
      if (trial.end_range_deg !== null && trial.accepted) drawing.append(svg("line", { class: `trial ${side}`, x1: x(trial.end_range_deg), x2: x(trial.end_range_deg), y1: y - 13, y2: y + 13 }));
    }
    drawing.append(mark(side, x(value), y, 8));
  });
  return drawing;
}
