// How a test is done: who moves the leg, which legs at once, and what is written down where somebody helps.
import { askOnce } from "./api.js";
import { showDrawing } from "./drawings.js";
import { byId, element } from "./element.js";

const OF_A_HELPER = ["helper", "hand_place", "end_point", "pain"];

/** Show what belongs to a passive test only while one is chosen; `changed` is told. */
export function watchDone(form, changed) {
  const box = form.querySelector(".of-a-helper"), passive = form.elements.passive;
  const show = () => { box.hidden = !passive.checked; };
  passive.addEventListener("change", () => { show(); changed?.(); });
  show();
}

/** Who moves the leg. */
export const effortOf = (form) => (form.elements.passive.checked ? "passive" : "active");

/** What was said of how the test is done, by name and in words; nothing that was left open. */
export function doneOf(form) {
  const given = new FormData(form), effort = effortOf(form);
  const names = effort === "passive" ? ["legs", ...OF_A_HELPER] : ["legs"];
  return [["effort", effort], ...names.map((name) => [name, (given.get(name) ?? "").trim()]).filter(([, value]) => value)];
}

/** Show how to film a test, and how to help where somebody does; resolves once it is there. */
export async function showGuides(where, test, effort, motion = "internal") {
  showDrawing(byId(`${where}-drawing`), `${test}-side`);
  const { film, helper, helper_origin: origin } = await askOnce(`guidance?test=${test}&effort=${effort}&motion=${motion}`);
  const steps = (all) => all.map((step) => element("li", {}, step));
  byId(`${where}-film`).replaceChildren(...steps(film));
  byId(`${where}-helper`).hidden = !helper.length;
  byId(`${where}-helper-steps`).replaceChildren(...steps(helper));
  byId(`${where}-helper-origin`).textContent = origin;
  if (helper.length) showDrawing(byId(`${where}-helper-drawing`), `${test}-helper`);
}
