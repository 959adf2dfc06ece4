// Exercises for what a test showed, and what is known: words, drawings and sources as the server gives them.
import { ask, askOnce } from "./api.js";
import { button, element } from "./element.js";
import { drawn } from "./drawings.js";

const STOPS = ["see_now", "see_this_week", "not_alone"];

/** Whether the answers before a test say that somebody has to be seen first. */
export const stopped = ({ screening }) => Boolean(screening) && STOPS.includes(screening.outcome);

/** What stands above everything else where somebody has to be seen first. */
export function stopNotice({ screening: { say, origins } }) {
  return element("div", { class: "stopped", role: "alert" }, say.map((sentence) => element("p", {}, sentence)), element("p", { class: "soft source" }, origins.join(" ")));
}

/** The plan of a result; nothing where an older version made it, or where there is no number. */
export async function planOf(a) {
  const { plan } = a;
  if (!plan) return [];
  const box = element("section", {}, element("h3", {}, "Exercises"));
  box.append(...plan.withheld.map((sentence) => element("p", {}, sentence)));
  box.append(...plan.shown.map(({ title, say, origin }) => element("p", {}, element("strong", {}, `${title}.`), ` ${say} `, element("span", { class: "soft" }, origin))));
  if (plan.exercises.length) box.append(...await chosen(a, plan));
  return [box, known()];
}

function leftOpen({ setup: { screening, screened_by: by, age_years: age } }) {
  const query = new URLSearchParams({ ...(screening && { screening: screening.join(",") || "none" }), ...(by && { screened_by: by }), ...(age !== null && { age }) });
  return ask(`exercises?${query}`);
}

async function chosen(a, plan) {
  const all = await leftOpen(a), { rules } = all;
  const offered = plan.exercises.map(({ id }) => all.exercises.find((one) => one.id === id)).filter(Boolean);
  const source = (text) => element("span", { class: "soft" }, ` ${text}`);
  return [element("p", {}, `${all.order} ${rules.pull}`, source(all.order_origin)),
    element("div", { class: "exercises" }, offered.map((one) => card(one, all))),
    element("ul", { class: "weeks" }, plan.weeks.map((week) => element("li", {}, week))),
    element("p", {}, `${rules.expect} ${rules.build}`, source(`${rules.expect_origin} ${rules.build_origin}`)),
    element("p", {}, `${rules.test_first} ${rules.one_thing} ${rules.at_once}`, source(rules.at_once_origin)),
    more("Other exercises that your answers leave open", () => others(all, offered)),
    more("Often heard, and what to say instead", () => listed(all.popular.map(({ heard, instead, source: who }) => [`“${heard}”`, instead, who])))];
}

/** All that are not offered, kind by kind, each to be opened. */
function others(all, offered) {
  const left = all.exercises.filter((one) => !offered.includes(one));
  return element("div", {}, Object.entries(all.kinds).flatMap(([kind, { title }]) => {
    const listed = left.filter((one) => one.kind === kind);
    return listed.length ? [element("h4", {}, title), ...listed.map((one) => more(`${one.name}, ${one.dose}`, () => card(one, all)))] : [];
  }));
}

/** The exercises of a result's plan as [name, how to make its card]. */
export async function offeredCards(a) {
  if (!a?.plan?.exercises.length) return [];
  const all = await leftOpen(a);
  return a.plan.exercises.map(({ id }) => all.exercises.find((one) => one.id === id)).filter(Boolean).map((one) => [one.name, () => card(one, all)]);
}

/** One exercise with everything that is known of it. */
function card(one, { kinds, grades }) {
  const kind = kinds[one.kind];
  return element("article", { class: "card exercise" }, one.drawing ? element("figure", { class: "drawing wide", "data-still": true }, drawn(one.drawing)) : null,
    element("h4", {}, one.name), element("p", {}, element("strong", {}, one.dose), one.dose_ours ? element("span", { class: "soft" }, " (proposed here)") : null),
    element("p", {}, `${one.place}${one.kit ? ` You need ${one.kit}.` : ""}`), element("ol", {}, one.cues.map((cue) => element("li", {}, cue))),
    one.caution ? element("p", {}, one.caution) : null,
    element("p", { class: "soft source" }, `Evidence ${one.grade}: ${grades[one.grade]}. ${one.known} ${kind.known} ${kind.source}`.replaceAll("  ", " ")));
}

/** What is known, fetched once somebody wants to read it. */
export function known() {
  return more("What is known about turning the hip inwards", async () => {
    const { cards, looks } = await askOnce("known");
    const seen = looks.map(({ title, how, ask, answers, tells, source }) => [title, `${how} ${ask} (${answers.join(", ")}) ${tells}`, source]);
    return element("div", {}, listed(cards.map(({ title, text, sure, source }) => [title, text, `(${sure}) ${source}`])),
      element("h4", {}, "Looks without a number"), listed(seen));
  });
}

const listed = (rows) => element("dl", { class: "known" }, rows.flatMap(([head, text, source]) => [element("dt", {}, head), element("dd", {}, text, element("span", { class: "soft source" }, source))]));

/** A part that is filled when it is opened. */
function more(name, fill) {
  const box = element("details", { class: "more" }, element("summary", {}, name));
  const open = async () => {
    if (!box.open || box.childElementCount > 1) return;
    try {
      box.append(await fill());
    } catch (error) {
      box.append(element("p", { class: "notice bad", role: "alert" }, error.message, " ", button("Try again", () => { box.lastChild.remove(); open(); })));
    }
  };
  box.addEventListener("toggle", open);
  return box;
}
