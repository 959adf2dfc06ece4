// External rotation beside internal rotation, and both directions together, where they were asked for.
import { element } from "./element.js";
import { SIDES, capital, degrees } from "./words.js";

const TITLES = { external: "Turned the other way: the foot inwards" };

/** Whether internal rotation was asked for; results of older versions are of nothing else. */
export const asksInternal = (a) => a.setup?.motion !== "external";

/** A section for each other motion, with `card(side, result)` of both sides, and one for the arc where a side has both. */
export function otherMotions(a, card) {
  const names = [...new Set(SIDES.flatMap((side) => (a.sides[side].motions ?? []).map(({ motion }) => motion)))];
  const of = (side, name) => a.sides[side].motions.find(({ motion }) => motion === name);
  const told = names.map((name) => element("section", {}, element("h3", {}, TITLES[name] ?? capital(name)),
    element("div", { class: "sides" }, SIDES.map((side) => card(side, of(side, name))))));
  const arcs = SIDES.filter((side) => a.sides[side].arc);
  if (arcs.length) told.push(element("section", {}, element("h3", {}, "From one end to the other"), ...arcs.map((side) => arc(side, a.sides[side].arc))));
  return told;
}

function arc(side, { total_deg: total, total_interval95_deg: likely, balance_deg: balance }) {
  const way = balance > 0 ? "outwards" : "inwards";
  const more = balance === null || Math.abs(balance) < 0.5 ? "" : ` The foot goes ${degrees(Math.abs(balance))} further ${way} than the other way.`;
  return element("p", {}, `${capital(side)} hip: ${degrees(total)} in all, likely between ${degrees(likely[0])} and ${degrees(likely[1])}.${more}`);
}
