// The tests there are, as the server lists them: what there is to choose, and what each is called.
import { askOnce } from "./api.js";
import { showDrawing } from "./drawings.js";
import { alarm, byId, element } from "./element.js";
import { capital } from "./words.js";

let known = [];

/** Fill every choice of a test; resolves to whether they are there, and says above the page why not. */
export async function loadTests() {
  try {
    const { procedures } = await askOnce("procedures");
    if (!known.length) offer(procedures);
  } catch (error) {
    alarm(error.message);
  }
  return known.length > 0;
}

/** The names of the tests, the usual one first. */
export const testNames = () => known.map(({ name }) => name);

/** What a test is called. */
export const testTitle = (name) => known.find((test) => test.name === name)?.words.title ?? capital(name);

function offer(procedures) {
  known = procedures;
  byId("test-choices").append(...known.map(({ name, words }, k) => choice(name, k === 0, drawing(name), words.title, words.how)));
  byId("upload-choices").append(...known.map(({ name, words }, k) => choice(name, k === 0, null, words.title, words.filmed)));
  byId("filter-test").append(...known.map(({ name, words }) => element("option", { value: name }, words.title.toLowerCase())));
}

function choice(name, checked, picture, title, more) {
  return element("label", { class: "pick" }, element("input", { type: "radio", name: "test", value: name, checked }), picture,
    element("span", {}, element("strong", {}, title), ` ${more}`));
}

function drawing(name) {
  const box = element("span", { class: "drawing", "data-still": true });
  showDrawing(box, `${name}-front`);
  return box;
}
