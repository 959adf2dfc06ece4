// Making parts of the page.
const SVG = "http://www.w3.org/2000/svg";

/** Return the element with this id. */
export const byId = (id) => document.getElementById(id);

/** Make an HTML element; attributes that are null, undefined or false are left out. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** Make an SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Make a button that does something. */
export function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", class: "button quiet small", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Show a sentence in an element, or hide the element where there is none. */
export function tell(box, sentence) {
  box.textContent = sentence ?? "";
  box.hidden = !sentence;
}

/** Show one sentence above every page. */
export const alarm = (sentence) => tell(byId("alarm"), sentence);

/** Whether a question is open. */
export const asking = () => byId("ask").open;

/** Ask a question with these [answer, words, class]; resolves to the answer, "" where it was closed without one. */
export function asked(title, text, answers) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-answers").replaceChildren(...answers.map(([value, words, kind = "quiet"], k) => element("button", { class: `button ${kind}`, value, autofocus: k === answers.length - 1 }, words)));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue), { once: true }));
}

/** Ask a yes-or-no question; resolves to whether the answer was yes. */
export async function confirmed(title, text, yes) {
  return (await asked(title, text, [["yes", yes, "danger"], ["no", "Cancel"]])) === "yes";
}
