// What is asked once the test is over, while the result is being worked out: whether a side hurt; and, where somebody
// else moved the leg, what ended the movement.
import { byId, element } from "./element.js";
import { PLACES, SIDES } from "./words.js";

/** Offer the places where it may hurt in a box. */
export const offerPlaces = (box) => box.append(element("option", { value: "" }, "not said"), ...PLACES.map((place) => element("option", { value: place }, place.replace("_", " "))));

/** "3,groin" of what was given for pain and place, null where nobody said. */
export const painWords = (level, place) => (level ? [level, place].filter(Boolean).join(",") : null);

export function setUpHurt(tell) {
  for (const side of SIDES) offerPlaces(byId(`hurt-place-${side}`));
  byId("hurt-end").append(...[...byId("test-end").options].map((option) => option.cloneNode(true)));
  byId("hurt").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!byId("hurt").reportValidity()) return;
    const given = new FormData(byId("hurt"));
    byId("hurt").hidden = true;
    tell({ type: "pain", end_point: given.get("end_point") || null, ...Object.fromEntries(SIDES.map((side) => [`pain_${side}`, painWords(given.get(side), given.get(`place_${side}`))])) });
  });
}

/** Ask of the sides that were tested, and of what ended a passive movement (`helped`); without sides ask no more. */
export function askHurt(sides, helped = false) {
  const form = byId("hurt");
  if (!sides) form.hidden = true;
  if (!sides || form.dataset.asked) return;
  form.dataset.asked = "yes";
  form.reset();
  for (const label of form.querySelectorAll("label[data-side]")) label.hidden = !sides.includes(label.dataset.side);
  byId("hurt-end").parentElement.hidden = !helped;
  form.hidden = false;
}

/** The next test is asked about anew. */
export const forgetHurt = () => { byId("hurt").hidden = true; delete byId("hurt").dataset.asked; };
