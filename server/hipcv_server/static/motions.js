// Internal and external rotation of each hip, and both together, as far as they were asked for.
import { fitted, scale, ticks } from "./chart.js";
import { element, svg } from "./element.js";
import { SIDES, capital, degrees } from "./words.js";

/** The two ways a hip turns: where its angles lie on a ruler on which internal rotation is positive. */
export const MOTIONS = { internal: 1, external: -1 };

/** One motion of one side; null where nobody asked for it. */
export const resultOf = (a, side, motion = "internal") => a.sides[side].motions[motion];

/** Whether a motion was asked for. */
export const asksFor = (a, motion) => SIDES.some((side) => resultOf(a, side, motion));

/** Every result of a side with its motion, internal rotation first. */
export const resultsOf = (a, side) => Object.keys(MOTIONS).flatMap((motion) => {
  const result = resultOf(a, side, motion);
  return result ? [{ motion, ...result }] : [];
});

/** A section for external rotation, with `card(side, result)` of both sides, and one for the arc where a side has both. */
export function otherMotion(a, card) {
  const told = asksFor(a, "external") ? [element("section", {}, element("h3", {}, "Turned the other way: the foot inwards"),
    element("div", { class: "sides" }, SIDES.map((side) => card(side, resultOf(a, side, "external")))))] : [];
  const arcs = SIDES.filter((side) => a.sides[side].arc);
  if (arcs.length) told.push(element("section", {}, element("h3", {}, "From one end to the other"), arcBars(a, arcs), ...arcs.map((side) => arc(side, a.sides[side].arc))));
  return told;
}

const ROW = 46, LEFT = 52, RIGHT = 12, ROOM_DEG = 16;

/** Bars from the one end range of each hip to the other on one ruler, each end with its interval. */
function arcBars(a, sides) {
  const ends = sides.flatMap((side) => resultsOf(a, side).map((result) => ({ side, sign: MOTIONS[result.motion], ...result })));
  const limit = Math.max(40, ...ends.flatMap(({ interval95_deg: interval, end_range_deg: value }) => interval ?? [value]).map(Math.abs)) + ROOM_DEG;
  const label = ends.map(({ side, motion, end_range_deg: value }) => `${side} foot ${motion === "internal" ? "outwards" : "inwards"} ${degrees(value)}`).join(", ");
  return fitted((width) => drawArcs(width, { a, sides, ends, limit, label: `From one end to the other: ${label}.` }));
}

function drawArcs(width, { a, sides, ends, limit, label }) {
  const bottom = 12 + sides.length * ROW, x = scale(-limit, limit, LEFT, width - RIGHT);
  const drawing = svg("svg", { width, height: bottom + 44, role: "img", "aria-label": label });
  for (const tick of ticks(-limit, limit, width / 55)) {
    drawing.append(svg("line", { class: tick === 0 ? "grid zero" : "grid", x1: x(tick), x2: x(tick), y1: 6, y2: bottom }));
    drawing.append(svg("text", { x: x(tick), y: bottom + 18, "text-anchor": "middle" }, degrees(Math.abs(tick))));
  }
  drawing.append(svg("text", { x: LEFT, y: bottom + 38 }, "foot inwards"), svg("text", { x: width - RIGHT, y: bottom + 38, "text-anchor": "end" }, "foot outwards"));
  sides.forEach((side, row) => {
    const y = 12 + ROW * (row + 0.5), of = (motion) => MOTIONS[motion] * resultOf(a, side, motion).end_range_deg;
    drawing.append(svg("text", { class: "name", x: LEFT - 8, y: y + 5, "text-anchor": "end" }, capital(side)));
    drawing.append(svg("line", { class: `interval ${side}`, x1: x(of("external")), x2: x(of("internal")), y1: y, y2: y }));
    for (const { sign, end_range_deg: value, interval95_deg: interval } of ends.filter((end) => end.side === side)) {
      const [low, high] = interval ?? [value, value];
      drawing.append(svg("line", { class: `hold ${side}`, x1: x(sign * low), x2: x(sign * high), y1: y, y2: y }));
      drawing.append(svg("text", { class: "value", x: x(sign * high) + 8 * sign, y: y + 5, "text-anchor": sign < 0 ? "end" : "start" }, degrees(value)));
    }
  });
  return drawing;
}

function arc(side, { total_deg: total, total_interval95_deg: likely, balance_deg: balance }) {
  const way = balance > 0 ? "outwards" : "inwards";
  const more = balance === null || Math.abs(balance) < 0.5 ? "" : ` The foot goes ${degrees(Math.abs(balance))} further ${way} than the other way.`;
  return element("p", {}, `${capital(side)} hip: ${degrees(total)} in all, likely between ${degrees(likely[0])} and ${degrees(likely[1])}.${more}`);
}
