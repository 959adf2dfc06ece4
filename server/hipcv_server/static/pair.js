// Test, one exercise, test again: what one exercise does, judged within the sitting.
import { offeredCards } from "./advice.js";
import { ask } from "./api.js";
import { button, element } from "./element.js";
import { SIDES, capital, fine } from "./words.js";

/** Offer the exercises of a result, one of them, and the same test again; `again` hears which result came before. */
export async function offerPair(box, resource, again) {
  box.replaceChildren();
  const cards = await offeredCards(resource.assessment).catch(() => []);
  if (!cards.length) return;
  const heading = element("h3", { tabindex: "-1" }, "What does one exercise do?");
  const choose = () => box.replaceChildren(heading, element("p", {}, "Do one of them now, and the same test straight after. With two in between nobody knows which it was."),
    element("div", { class: "row" }, cards.map(([name, card]) => button(name, () => show(name, card)))));
  const show = (name, card) => {
    box.replaceChildren(heading, element("div", { class: "exercises" }, card()),
      element("div", { class: "row" }, button("Done: the same test again", () => again({ id: resource.id, name }), { class: "button" }), button("Another exercise", choose)));
    heading.focus();
  };
  choose();
}

/** What changed since the test before the exercise. */
export async function pairOf(before, after) {
  try {
    const { sides, spacing, say, origin } = await ask(`pair?${new URLSearchParams({ before: before.id, after })}`);
    return section(before, ...SIDES.map((side) => element("p", {}, element("strong", {}, `${capital(side)}: `), changed(sides[side], spacing))),
      element("p", {}, `${say} `, element("span", { class: "soft" }, origin)));
  } catch (error) {
    return section(before, element("p", { class: "notice bad" }, error.message));
  }
}

const section = ({ name }, ...children) => element("section", { class: "pair" }, element("h3", {}, `Before and after “${name}”`), ...children);

function changed({ change_deg: change, mdc95_deg: limit, verdict }, spacing) {
  if (change === null) return "not measured both times.";
  return `${change > 0 ? "+" : ""}${fine(change)}, ${verdict} (${spacing} a change can be told from ${fine(limit)} on).`;
}
