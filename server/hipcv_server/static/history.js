// What was measured on this computer, newest first, and the trend.
import { ask, element, tell } from "./api.js";
import { showResult } from "./result.js";

const list = document.getElementById("history");
const more = document.getElementById("more");
let next = null;

function line(item) {
  const angles = ["left", "right"].map((side) => (item[side]?.end_range_deg == null ? `${side} –` : `${side} ${Math.round(item[side].end_range_deg)}°`)).join(" · ");
  const when = new Date(item.created_at).toLocaleString();
  const box = element("div");
  const open = element("button", { class: "button quiet", type: "button", "aria-expanded": "false" }, "Show");
  const remove = element("button", { class: "button quiet", type: "button" }, "Delete");
  const entry = element("li", {}, element("div", {}, element("strong", {}, `${item.test} · ${angles}`)),
    element("div", { class: "small" }, `${when} · ${item.kind} · ${item.status ?? item.state}${item.subject ? ` · ${item.subject}` : ""}`),
    element("div", { class: "row" }, open, remove), box);
  open.addEventListener("click", async () => {
    const shown = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!shown));
    open.textContent = shown ? "Show" : "Hide";
    if (shown) box.replaceChildren();
    else await ask(item.links.self).then((r) => showResult(box, r)).catch((e) => tell(e.message));
  });
  remove.addEventListener("click", () => {
    if (confirm("Delete this result for good?")) ask(item.links.self, { method: "DELETE" }).then(() => entry.remove()).catch((e) => tell(e.message));
  });
  return entry;
}

async function load(path) {
  const page = await ask(path);
  list.append(...page.items.map(line));
  next = page.next;
  more.hidden = !next;
  if (!list.children.length) list.append(element("li", {}, "Nothing yet."));
}

async function showTrend() {
  const box = document.getElementById("trend");
  box.replaceChildren();
  for (const test of ["seated", "prone"]) {
    const { points, change } = await ask(`trend?test=${test}`);
    if (points.length < 2) continue;
    const said = ["left", "right"].filter((s) => change[s]).map((s) => `${s} ${change[s].difference_deg > 0 ? "+" : ""}${change[s].difference_deg.toFixed(1)}° (${change[s].verdict})`);
    box.append(element("p", { class: "callout" }, `${test}, first to last of ${points.length}: ${said.join(", ") || "no side measured twice"}.`));
  }
}

export async function openHistory() {
  list.replaceChildren();
  try {
    await load("assessments?limit=20");
    await showTrend();
  } catch (error) {
    tell(error.message);
  }
}

more.addEventListener("click", () => load(next).catch((e) => tell(e.message)));
