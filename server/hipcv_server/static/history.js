// What was measured on this computer, newest first, and how one person's results changed.
import { planOf, stopNotice, stopped } from "./advice.js";
import { ask, follow, isFinal } from "./api.js";
import { alarm, button, byId, confirmed, element } from "./element.js";
import { resultOf } from "./motions.js";
import { ofPerson, people } from "./person.js";
import { positions } from "./positions.js";
import { showResult } from "./result.js";
import { loadTests, testNames, testTitle } from "./tests.js";
import { trend } from "./trend.js";
import { KINDS, MEASURES, SIDES, STAGES, STATES, allowed, capital, day, degrees, waiting, when } from "./words.js";

const PAGE = 20;
let next = null;
let visit = 0;
let following = [];

export function setUpHistory() {
  byId("filter").addEventListener("change", () => openHistory());
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("older").addEventListener("click", () => load(next, visit).catch((error) => alarm(error.message)));
}

/** Show the list anew, and the trend of the one person who is chosen. */
export async function openHistory() {
  visit += 1;
  const mine = visit;
  stopFollowing();
  byId("history").replaceChildren();
  byId("trend").replaceChildren();
  const { test, subject } = chosen();
  const query = new URLSearchParams({ limit: PAGE, ...(test && { test }), ...(subject && { subject }) });
  try {
    await loadTests();
    const known = await people();
    await load(`assessments?${query}`, mine);
    if (mine !== visit) return;
    offer(known);
    if (!subject) {
      byId("trend").replaceChildren(...whoseTrend(known));
      return;
    }
    const trends = await Promise.all((test ? [test] : testNames()).map((name) => ask(`trend?${new URLSearchParams({ test: name, subject })}`)));
    const plan = test ? [] : await together(subject);
    const side = test ? null : positions(await ask(`positions?${new URLSearchParams({ subject })}`));
    const own = ofPerson(subject, { renamed: (name) => { byId("filter-subject").append(element("option", { value: name })); byId("filter-subject").value = name; openHistory(); }, gone: () => { byId("filter-subject").value = ""; openHistory(); } });
    if (mine === visit) byId("trend").replaceChildren(...[...trends.map(trend), side, ...plan, own].filter(Boolean));
  } catch (error) {
    if (mine === visit) alarm(error.message);
  }
}

/** What to do next where a person did more than one kind of test: these are held against each other. */
async function together(subject) {
  const found = await ask(`plan?${new URLSearchParams({ subject })}`);
  if (found.n_tests < 2) return [];
  if (stopped(found)) return [stopNotice(found)];
  return [element("div", { class: "card" }, element("p", { class: "soft" }, `From the newest ${found.n_tests} kinds of test of ${subject} together:`), await planOf(found))];
}

/** A trend is of one named person: what to do to see one. */
function whoseTrend(known) {
  if (!byId("history").querySelector(".entry")) return [];
  return [element("p", { class: "soft" }, known.length ? "Choose a person above to see how their results change." : "Results that carry a person's name form a trend; these carry none.")];
}

/** Show one result; watches it while it is still being measured. */
export async function openOne(id) {
  visit += 1;
  const mine = visit, box = byId("one-result");
  stopFollowing();
  box.replaceChildren(element("p", { role: "status" }, "Loading …"));
  const show = (resource) => {
    if (mine !== visit) return;
    if (isFinal(resource)) {
      showResult(box, resource, { onDeleted: () => { location.hash = "#results"; } });
      return;
    }
    const { stage, share, n_total: total } = resource.progress;
    const doing = resource.state === "queued" ? waiting(resource.queue) : `${STAGES[stage] ?? stage} …`;
    box.replaceChildren(element("h1", {}, "Being measured"), element("p", { role: "status" }, resource.problem?.detail ?? doing), element("p", { class: "soft" }, allowed(resource.budget)), element("progress", { max: 1, value: total ? share : null, "aria-label": "Progress" }));
  };
  try {
    const resource = await ask(`assessments/${encodeURIComponent(id)}`);
    show(resource);
    if (!isFinal(resource)) following.push(follow(resource, { change: show, end: show, gone: () => { location.hash = "#results"; } }));
  } catch (error) {
    if (mine === visit) box.replaceChildren(element("p", { class: "notice bad" }, error.message));
  }
}

function stopFollowing() {
  for (const stop of following) stop();
  following = [];
}

function chosen() {
  const given = new FormData(byId("filter"));
  return { test: given.get("test"), subject: given.get("subject") };
}

async function load(path, mine) {
  const page = await ask(path);
  if (mine !== visit) return;
  byId("history").append(...page.items.map(entry));
  next = page.next;
  byId("older").hidden = !next;
  if (!byId("history").children.length) showEmpty();
  byId("history-status").textContent = page.n_total === 1 ? "One measurement." : `${page.n_total} measurements.`;
}

/** Offer everybody of whom something is kept. */
function offer(known) {
  const pick = byId("filter-subject"), current = pick.value;
  pick.replaceChildren(element("option", { value: "" }, "everybody"), ...known.map(({ subject }) => element("option", { value: subject }, subject)));
  pick.value = current;
  pick.parentElement.hidden = known.length === 0;
}

function showEmpty() {
  byId("history").append(element("li", { class: "card empty" }, element("p", {}, "Nothing has been measured yet."),
    element("div", { class: "row" }, element("a", { class: "button", href: "#self-test" }, "Start the self-test"), element("a", { class: "button quiet", href: "#upload" }, "Upload a video"))));
}

function entry(item) {
  const box = element("li", { class: "card entry" });
  fill(box, item);
  if (!isFinal(item)) {
    const again = () => ask(item.links.self).then((resource) => fill(box, { ...item, ...resource, ...sides(resource) })).catch(() => {});
    following.push(follow(item, { change: (now) => fill(box, { ...item, ...now }), end: again, gone: () => box.remove() }));
  }
  return box;
}

function sides({ assessment }) {
  return assessment ? { status: assessment.status, ...Object.fromEntries(SIDES.map((side) => [side, resultOf(assessment, side) ?? { end_range_deg: null, interval95_deg: null }])) } : {};
}

function fill(box, item) {
  const name = `${testTitle(item.test)}, ${item.visit_date ? day(item.visit_date) : when(item.created_at)}`;
  const about = [item.number ? `${item.number}` : null, KINDS[item.kind], item.subject ?? (item.number ? "nobody’s yet" : null)].filter(Boolean).join(" · ");
  box.replaceChildren(element("div", {}, element("h3", {}, name), element("p", { class: "soft" }, about)), outcome(item), buttons(box, item, name));
}

function outcome(item) {
  if (item.status === "measured") {
    const numbers = element("dl", { class: "angles" }, SIDES.map((side) => element("div", { class: side }, element("dt", {}, capital(side)),
      element("dd", {}, element("strong", {}, degrees(item[side].end_range_deg)), item[side].interval95_deg ? element("small", {}, ` ${degrees(item[side].interval95_deg[0])} to ${degrees(item[side].interval95_deg[1])}`) : null))));
    const others = Object.entries(item.measures ?? {}).map(([measure, of]) => element("p", { class: "soft" }, `${MEASURES[measure]}: ${SIDES.map((side) => `${side} ${degrees(of[side].end_range_deg)}`).join(", ")}`));
    return element("div", {}, numbers, others);
  }
  if (item.status === "not_measured") return element("p", {}, "Could not be measured: open it to see why.");
  if (item.problem) return element("p", {}, item.problem.detail);
  if (isFinal(item)) return element("p", {}, capital(STATES[item.state]));
  const { stage, n_total: total, share } = item.progress;
  return element("div", {}, element("p", {}, `${STAGES[item.state === "queued" ? "queued" : stage] ?? stage} …`), element("progress", { max: 1, value: total ? share : null, "aria-label": "Progress" }));
}

function buttons(box, item, name) {
  const failed = (error) => alarm(error.message);
  if (!isFinal(item)) {
    return element("div", { class: "row actions" }, button("Cancel", () => ask(item.links.cancel ?? `${item.links.self}/cancel`, { method: "POST" }).catch(failed), { "aria-label": `Cancel ${name}` }));
  }
  const erase = async () => {
    if (!(await confirmed("Delete this result?", `${name}: the numbers, the curves and what was kept of the pictures are gone for good.`, "Delete"))) return;
    ask(item.links.self, { method: "DELETE" }).then(() => { box.remove(); openHistory(); byId("main").focus(); }).catch(failed);
  };
  return element("div", { class: "row actions" }, element("a", { class: "button quiet small", href: `#results/${item.id}`, "aria-label": `Open ${name}` }, "Open"),
    button("Delete", erase, { class: "button quiet small danger", "aria-label": `Delete ${name}` }));
}
