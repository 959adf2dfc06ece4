// The drawings, put into the page itself so that they follow its colours.
const known = new Map();

const parsed = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;

async function load(name) {
  const answer = await fetch(`drawings/${name}.svg`);
  const text = await answer.text(); // read in any case: an answer that nobody reads stays open
  if (!answer.ok) throw new Error(name);
  return parsed(text);
}

/** Make a drawing of an SVG's text, its title said as its name. */
export const drawn = (text) => named(document.importNode(parsed(text), true));

function named(drawing) {
  drawing.setAttribute("aria-label", drawing.querySelector("title").textContent);
  drawing.querySelector("title").remove();
  return drawing;
}

/** Show a drawing in a box; its words stay behind where it is only decoration. */
export async function showDrawing(box, name) {
  if (!known.has(name)) known.set(name, load(name));
  box.dataset.drawing = name;
  const drawing = await known.get(name).catch(() => null);
  if (box.dataset.drawing !== name) return;
  box.hidden = !drawing; // a test may come without drawings
  if (!drawing) return;
  const own = document.importNode(drawing, true);
  named(own);
  if ("still" in box.dataset) {
    own.setAttribute("aria-hidden", "true");
    own.removeAttribute("aria-label");
  }
  box.replaceChildren(own);
}

/** Fill every box that names its drawing. */
export function showDrawings() {
  for (const box of document.querySelectorAll("[data-drawing]")) showDrawing(box, box.dataset.drawing);
}
