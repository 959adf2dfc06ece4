// The questions before a test: asked once on a device, and again after three months.
import { ask, askOnce } from "./api.js";
import { button, element } from "./element.js";
import { keep, kept } from "./kept.js";

const KEY = "answers";
const DAY_MS = 86_400_000;

/** Today as YYYY-MM-DD, where this device is. */
const today = () => {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
};

/** What was answered on this device, null where nothing was or where it is too old. */
export async function answersKept() {
  let told = null;
  try {
    told = JSON.parse(kept(KEY));
  } catch { /* not ours: asked again */ }
  if (!told?.on) return null;
  const { valid_days: days } = await askOnce("questions");
  const age = (Date.now() - Date.parse(told.on)) / DAY_MS;
  return age >= -1 && age <= days ? told : null;
}

/** Keep answers on this device, or forget them (null). */
export const keepAnswers = (told) => keep(KEY, told && JSON.stringify(told));

/** Answers as the server takes them. */
export const sentAnswers = (told) => (told ? Object.entries({ screening: told.screening, screened_on: told.on, screened_by: told.by }).filter(([, value]) => value) : []);

/** What answers call for; the person's age, where it is known, has a say. */
export function judged(told, age = "") {
  const query = new URLSearchParams({ ...(told?.screening && { screening: told.screening }), ...(told?.by && { screened_by: told.by }), ...(age !== "" && age !== null && { age }) });
  return ask(`exercises?${query}`);
}

/** Whether a test may begin: somebody judged, or nothing stands against it. */
export const mayTest = (told, screening) => Boolean(told?.by) || !screening.stops;

/** Ask the questions in a box; `answered` hears the answers, and what they call for; `stopped` that no test is to be done. */
export async function askQuestions(box, { answered, stopped, again }) {
  const { questions, again: why, during_test: pain } = await askOnce("questions");
  const sets = questions.map(question), missing = element("p", { class: "notice bad", role: "alert", hidden: true });
  const form = element("form", { class: "questions", novalidate: true }, sets.map(({ set }) => set), missing,
    element("div", { class: "row" }, element("button", { class: "button", type: "submit" }, "Go on")),
    element("p", { class: "soft" }, `${why} ${pain} The answers stay on this device and with the results.`), skip((by) => settle({ screening: null, by })));
  const settle = async (answers) => {
    const told = { ...answers, on: today() };
    try {
      const { screening } = await judged(told);
      if (mayTest(told, screening)) {
        answered(told, screening);
        return;
      }
      stopped?.();
      stop(box, screening, again);
    } catch (error) {
      missing.textContent = error.message;
      missing.hidden = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const open = sets.find(({ answer }) => answer() === null);
    missing.hidden = !open;
    if (open) {
      missing.textContent = `One question is still open: “${open.ask}” Tick what holds, or that nothing does.`;
      open.set.querySelector("input").focus();
      return;
    }
    settle({ screening: sets.flatMap(({ answer }) => answer()).join(",") || "none", by: null });
  });
  box.replaceChildren(form);
}

/** One question: its box, and what was ticked; null while nothing is, not even that nothing holds. */
function question({ ask: text, answers }) {
  const boxes = answers.map(({ answer, words }) => [answer, element("input", { type: "checkbox", name: answer }), words]);
  const none = element("input", { type: "checkbox" });
  for (const [, ticked] of boxes) ticked.addEventListener("change", () => { none.checked &&= !ticked.checked; });
  none.addEventListener("change", () => { for (const [, ticked] of boxes) ticked.checked &&= !none.checked; });
  const line = (input, words, kind = "check") => element("label", { class: kind }, input, element("span", {}, words));
  const set = element("fieldset", {}, element("legend", {}, text), boxes.map(([, input, words]) => line(input, words)),
    line(none, answers.length === 1 ? "No." : "Nothing of this.", "check none"));
  return { ask: text, set, answer: () => {
    const ticked = boxes.filter(([, input]) => input.checked).map(([answer]) => answer);
    return ticked.length || none.checked ? ticked : null;
  } };
}

/** A clinician may judge instead. */
function skip(onSkipped) {
  const name = element("input", { maxlength: "80", autocomplete: "off" });
  const go = button("Go on without the questions", () => {
    if (name.value.trim()) onSkipped(name.value.trim());
    else name.focus();
  });
  return element("details", { class: "more" }, element("summary", {}, "A clinician judges instead"),
    element("p", { class: "soft" }, "For somebody who examines the person that is tested. The name is written down with the result."),
    element("div", { class: "row" }, element("label", {}, "Name or role ", name), go));
}

/** What to do instead of a test, and nothing else. */
function stop(box, screening, again) {
  const heading = element("h2", { tabindex: "-1" }, "Please have this looked at first");
  box.replaceChildren(element("div", { class: "stopped", role: "alert" }, heading, screening.say.map((sentence) => element("p", {}, sentence))),
    element("p", { class: "soft source" }, screening.origins.join(" ")),
    element("div", { class: "row" }, button("Answer again", again)));
  heading.focus();
}
