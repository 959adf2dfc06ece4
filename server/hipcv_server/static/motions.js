// Internal and external rotation of each hip, and both together, as far as they were asked for.
import { element } from "./element.js";
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
  if (arcs.length) told.push(element("section", {}, element("h3", {}, "From one end to the other"), ...arcs.map((side) => arc(side, a.sides[side].arc))));
  return told;
}

function arc(side, { total_deg: total, total_interval95_deg: likely, balance_deg: balance }) {
  const way = balance > 0 ? "outwards" : "inwards";
  const more = balance === null || Math.abs(balance) < 0.5 ? "" : ` The foot goes ${degrees(Math.abs(balance))} further ${way} than the other way.`;
  return element("p", {}, `${capital(side)} hip: ${degrees(total)} in all, likely between ${degrees(likely[0])} and ${degrees(likely[1])}.${more}`);
}
