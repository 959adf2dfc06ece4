// One assessment in plain words and pictures.
import { planOf, stopNotice, stopped } from "./advice.js";
import { ask, askOnce } from "./api.js";
import { legend } from "./chart.js";
import { curves } from "./curves.js";
import { button, confirmed, element } from "./element.js";
import { asksFor, otherMotion, resultOf, resultsOf } from "./motions.js";
import { nextSteps } from "./nextsteps.js";
import { whoseIs } from "./person.js";
import { ranges } from "./ranges.js";
import { loadTests, testTitle } from "./tests.js";
import { SEVERITIES, SIDES, capital, day, degrees, fine, foundWords, when } from "./words.js";

const VERDICTS = {
  within: "Within the range", below: "Below the range", above: "Above the range", borderline: "Too near to call: on the edge of the range",
};
const WEIGHT = { reject: 0, doubt: 1, note: 2 };

/** Show a finished assessment in a box; `onDeleted` is called once it is gone. */
export async function showResult(box, resource, { onDeleted } = {}) {
  const a = resource.assessment;
  await loadTests();
  const heading = element("h2", { tabindex: "-1" }, title(resource));
  box.replaceChildren(element("div", { class: "result" }, heading, subtitle(resource)));
  const body = box.firstElementChild;
  if (!a) {
    body.append(element("p", { class: "notice bad" }, resource.problem?.detail ?? "There is no result: the measurement was cancelled."));
    body.append(actions(resource, onDeleted));
    return;
  }
  if (resource.problem) body.append(element("p", { class: "notice bad" }, resource.problem.detail));
  const measured = a.status === "measured";
  const [words, series] = await Promise.all([
    askOnce(`guidance?test=${a.test}`).catch(() => ({ findings: {}, asymmetry: {} })),
    ask(resource.links.series).catch(() => null),
  ]);
  const stop = stopped(a), next = stop ? [] : nextSteps(a);
  if (stop) body.append(stopNotice(a));
  if (measured && asksFor(a, "internal")) body.append(numbers(a, series, words.asymmetry));
  if (measured) body.append(...otherMotion(a, (side, result) => card(side, result, null)));
  body.append(...(a.notes ?? []).map((note) => element("p", { class: "notice" }, note)));
  if (next.length) body.append(section("What to do next", element("ul", { class: "next" }, next.map(({ text, more, source }) => element("li", {}, text, source ? element("span", { class: "soft" }, ` ${source}`) : null, more ? element("ul", {}, more.map((one) => element("li", {}, one))) : null)))));
  if (!stop) body.append(...await planOf(a).catch((error) => [element("p", { class: "notice bad" }, error.message)]));
  if (a.findings.length) body.append(section(measured ? "What to know about this recording" : "Why there is no result", findings(a.findings, words.findings)));
  if (!measured && series) body.append(...movement(series, a, null));
  if (resource.number) body.append(whoseIs(resource, (changed) => showResult(box, changed, { onDeleted })));
  body.append(details(a), actions(resource, onDeleted));
  body.append(element("p", { class: "soft" }, "This informs; it does not diagnose. Show it to a physiotherapist or a doctor where something hurts or worries you."));
}

function title({ assessment, state }) {
  if (!assessment) return state === "cancelled" ? "Cancelled" : "This recording could not be read";
  return assessment.status === "measured" ? "Your result" : "This recording could not be measured";
}

function subtitle({ assessment: a, created_at: at, visit_date: visit, subject }) {
  const parts = [a ? `${testTitle(a.test)} test` : null, howDone(a), visit ? day(visit) : at ? when(at) : null, subject];
  return element("p", { class: "soft" }, parts.filter(Boolean).join(" · "));
}

/** How it was done, where there is more to say than that somebody moved their own leg. */
function howDone(a) {
  const told = a?.how_done || a?.effort; // results of older versions hold no words for it
  return told === "active" ? null : told;
}

const section = (name, ...children) => element("section", {}, element("h3", {}, name), ...children);

/** Everything that changes with the range one compares with. */
function numbers(a, series, wordings) {
  const choices = references(a), holder = element("div");
  const show = (id) => {
    const of = (side) => resultOf(a, side).reference.find((r) => r.id === id) ?? null;
    const one = SIDES.map(of).find(Boolean) ?? null;
    holder.replaceChildren(
      element("div", { class: "sides" }, SIDES.map((side) => card(side, resultOf(a, side), of(side)))),
      section("Left against right", legend(SIDES, one ? "range to compare with" : null), ranges(a, one), asymmetry(a, wordings), a.sides_rest_on ? element("p", { class: "soft" }, `Left and right rest on: ${a.sides_rest_on}.`) : null),
      ...movement(series, a, one),
    );
  };
  // a range that gives no verdict is no default: it would tell whom the product takes the person for
  const first = choices.find((r) => !r.no_verdict);
  show(first?.id);
  const offered = first ? choices : [{ id: "", label: "no group" }, ...choices];
  if (offered.length < 2) return holder;
  const pick = element("select", { id: `range-${crypto.randomUUID?.() ?? choices.length}` }, offered.map(({ id, label }) => element("option", { value: id }, label)));
  pick.addEventListener("change", () => show(pick.value));
  return element("div", {}, element("p", { class: "compare" }, element("label", { for: pick.id }, "Compare with "), pick), holder, first ? null : sideBySide(choices));
}

function sideBySide(choices) {
  return section("Other people's ranges", element("ul", {}, choices.map((r) => element("li", {}, `${r.label}: ${degrees(r.low_deg)} to ${degrees(r.high_deg)}${r.posture_caveat ? ` (${r.posture_caveat})` : ""}`))));
}

/** The ranges that internal rotation can be held against. */
function references(a) {
  const known = new Map();
  for (const { reference } of SIDES.map((side) => resultOf(a, side) ?? { reference: [] })) for (const r of reference) if (r.low_deg !== null && r.citation) known.set(r.id, r);
  return [...known.values()];
}

function card(side, result, reference) {
  const box = element("article", { class: `side-card ${side}` }, element("h3", {}, `${capital(side)} hip`));
  if (result.status !== "measured") {
    box.append(element("p", { class: "big" }, "–"), element("p", {}, result.trials.length ? "Not measured: see below why." : "Not tested, or no movement was seen."));
    return box;
  }
  box.append(element("p", { class: "big" }, degrees(result.end_range_deg)));
  // what the body added stands at the number that it spoils; results of older versions do not say
  if (result.beside?.length) box.append(element("dl", { class: "beside" }, result.beside.flatMap(({ label, value_deg: value }) => [element("dt", {}, label), element("dd", {}, degrees(value))])));
  if (result.interval95_deg) box.append(element("p", {}, `Likely between ${degrees(result.interval95_deg[0])} and ${degrees(result.interval95_deg[1])}`));
  if (reference) {
    const range = `of ${degrees(reference.low_deg)} to ${degrees(reference.high_deg)}`, among = reference.percentile === null ? "" : `, ${percentile(reference)}`;
    box.append(reference.verdict ? element("p", { class: `verdict ${reference.verdict}` }, `${VERDICTS[reference.verdict]} ${range}${among}.`)
      : element("p", { class: "soft" }, `That group has a range ${range}; no verdict: ${reference.no_verdict ?? "no interval"}.`));
    // results of older versions do not say
    if (reference.posture_caveat) box.append(element("p", { class: "soft" }, `${capital(reference.posture_caveat)}.`));
  }
  const tries = result.trials.filter((t) => t.accepted && t.end_range_deg !== null).map((t) => fine(t.end_range_deg));
  if (tries.length) box.append(element("p", { class: "soft" }, `${tries.length === 1 ? "One try" : `${tries.length} tries`}: ${tries.join(", ")}`));
  return box;
}

/** Where somebody stands in a group, and how far that depends on how the group was measured; older results do not say. */
function percentile({ percentile: value, protocol_spread_deg: spread }) {
  const measured = spread ? ` (measured in another way its middle shifts by about ${degrees(spread)})` : "";
  if (value >= 99) return `more than nearly everybody in that group${measured}`;
  if (value <= 1) return `less than nearly everybody in that group${measured}`;
  return `more than about ${Math.round(value)} in 100 of that group${measured}`;
}

function asymmetry(a, wordings) {
  if (a.asymmetry.internal) {
    const { difference_deg: difference, mdc95_deg: limit, verdict } = a.asymmetry.internal;
    const which = Math.abs(difference) < 0.5 ? "Both sides turn equally far." : `The ${difference > 0 ? "left" : "right"} hip turns ${fine(Math.abs(difference))} further.`;
    const wording = wordings[verdict] ? ` ${capital(wordings[verdict])}.` : "";
    return element("p", {}, `${which}${wording} A difference can be told from error from ${fine(limit)} on.`);
  }
  const both = SIDES.every((side) => resultOf(a, side).status === "measured");
  const reason = both ? "Left and right cannot be compared: it is not known well enough which way is down in the picture." : "Left and right cannot be compared: only one side has a number.";
  return element("p", {}, reason);
}

function movement(series, a, reference) {
  const drawing = series && curves(series, a, reference);
  return drawing ? [section("The movement", drawing, element("p", { class: "soft" }, "How far each lower leg leans outwards from the plumb line. Thick lines are the holds that were measured."))] : [];
}

/** Whom a finding concerns, and which way the foot went where that is not the usual one. */
function concerns({ side, motion }) {
  const parts = [side, motion === "external" ? "foot inwards" : null].filter(Boolean);
  return parts.length ? ` (${parts.join(", ")})` : "";
}

function findings(list, words) {
  const sorted = list.toSorted((one, other) => WEIGHT[one.severity] - WEIGHT[other.severity]);
  return element("ul", { class: "plain" }, sorted.map((f) => element("li", { class: `finding ${f.severity}` },
    element("p", {}, element("span", { class: "badge" }, SEVERITIES[f.severity]), " ", element("strong", {}, `${f.title}${concerns(f)}`)),
    words[f.code] ? element("p", {}, words[f.code].meaning) : null,
    f.advice ? element("p", {}, f.advice) : null,
    f.observed !== null && f.limit !== null ? element("p", { class: "soft" }, foundWords(f)) : null,
    words[f.code]?.origin ? element("p", { class: "soft" }, words[f.code].origin) : null)));
}

function details(a) {
  const rows = SIDES.flatMap((side) => resultsOf(a, side).flatMap(({ motion, trials }) => trials.map((t, k) => [`${capital(side)} ${k + 1}${motion === "external" ? ", foot inwards" : ""}`, fine(t.end_range_deg), fine(t.raw_peak_deg), t.hold_start_s === null ? "not held" : `${(t.hold_stop_s - t.hold_start_s).toFixed(1)} s`, t.accepted ? "yes" : "no"])));
  const listed = references(a).concat(SIDES.flatMap((side) => resultsOf(a, side).flatMap(({ reference }) => reference)))
    .filter((r, k, all) => all.findIndex((other) => other.id === r.id) === k);
  const { camera, provenance } = a;
  const how = [
    `Camera tilt ${fine(camera.roll_deg)} ± ${fine(camera.roll_se_deg)} (from ${camera.roll_source}); it looked ${fine(Math.abs(camera.pitch_deg ?? 0))} ${(camera.pitch_deg ?? 0) < 0 ? "up" : "down"} and stood ${fine(Math.abs(camera.yaw_deg ?? 0))} out of line. All three are taken out.`,
    `Pose model ${provenance.pose_model}, ${pictures(provenance)}, hipcv ${provenance.hipcv_version}.`,
  ];
  return element("details", { class: "more" }, element("summary", {}, "All numbers, and where the ranges come from"),
    rows.length ? table("The tries", ["Try", "End range", "Peak", "Held", "Counted"], rows) : null,
    listed.length ? table("Ranges of other people", ["Group and source", "Range"], listed.map((r) => [group(r), r.low_deg === null ? "no spread known" : `${degrees(r.low_deg)} to ${degrees(r.high_deg)}`])) : null,
    element("h4", {}, "How it was measured"), how.map((sentence) => element("p", {}, sentence)));
}

/** How many pictures were read, at which rate, and the recording's own rate where it is another. */
function pictures({ n_frames: n, fps, readings_hz: read = fps }) {
  if (!fps || !read) return `${n} pictures`;
  const every = `${n} pictures at ${read.toFixed(0)} a second`;
  return Math.round(read) === Math.round(fps) ? every : `${every}, picked from a recording with ${fps.toFixed(0)}`;
}

function group({ label, extrapolated, citation, doi }) {
  const link = doi ? element("a", { href: `https://doi.org/${doi}`, target: "_blank", rel: "noopener noreferrer" }, `doi:${doi}`) : null;
  return element("span", {}, `${label}${extrapolated ? " (people of another age)" : ""}`, citation ? element("span", { class: "soft source" }, `${citation} `, link) : null);
}

function table(name, heads, rows) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, element("table", {}, element("caption", {}, name),
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, rows.map(([first, ...rest]) => element("tr", {}, element("th", { scope: "row" }, first), rest.map((cell) => element("td", {}, cell)))))));
}

function actions(resource, onDeleted) {
  const { links, assessment, keep, kind } = resource, drawn = assessment && kind !== "file";
  const open = (text, href, more = {}) => element("a", { class: "button quiet small", href, ...more }, text);
  const inTab = { target: "_blank", rel: "noopener" };
  const erase = button("Delete this result", async () => {
    if (!(await confirmed("Delete this result?", "The numbers, the curves and what was kept of the pictures are gone for good.", "Delete"))) return;
    try {
      await ask(links.self, { method: "DELETE" });
      onDeleted?.();
    } catch (error) {
      erase.after(element("p", { class: "notice bad", role: "alert" }, error.message));
    }
  }, { class: "button quiet small danger" });
  return element("div", { class: "row actions" },
    drawn ? [open("Full report", links.report, inTab), keep ? open("Annotated video", links.video, inTab) : null,
      open("Save the report", `${links.report}?download=true`, { download: true }), open("Save the curves (CSV)", `${links.series}?format=csv`, { download: true }),
      links.fhir ? open("Save for a record (FHIR)", links.fhir, { download: true }) : null] : null,
    erase);
}
