// A bent and a straight hip of one person side by side, each against its own range.
import { element } from "./element.js";
import { testTitle } from "./tests.js";
import { capital, degrees } from "./words.js";

/** Show both positions; null where there are not both. */
export function positions({ subject, sides, say, origin }) {
  if (!sides.length) return null;
  const [{ bent, straight }] = sides;
  const heads = ["Hip", testTitle(bent.test), testTitle(straight.test), "Turns inwards"];
  const rows = sides.map((one) => [capital(one.side), against(one.bent), against(one.straight), capital(one.words)]);
  return element("section", { class: "card" }, element("h2", {}, `${subject}: bent and straight hip side by side`),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Bent and straight hip" }, element("table", {},
      element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, rows.map(([first, ...rest]) => element("tr", {}, element("th", { scope: "row" }, first), rest.map((cell) => element("td", {}, cell))))))),
    element("p", {}, say), element("p", { class: "soft" }, origin));
}

/** A number and the range it is held against. */
function against({ end_range_deg: value, against: range }) {
  const number = element("strong", {}, degrees(value));
  if (!range || range.low_deg === null) return element("span", {}, number, element("span", { class: "soft" }, " no range to hold it against"));
  const verdict = range.verdict ? `${range.verdict} ` : "no verdict, ";
  return element("span", {}, number, element("span", { class: "soft" }, ` ${verdict}${degrees(range.low_deg)} to ${degrees(range.high_deg)}, ${range.label}`));
}
