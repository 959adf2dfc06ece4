// How one person's results of one test changed over time.
import { fitted, legend, mark, scale, ticks } from "./chart.js";
import { element, svg } from "./element.js";
import { testTitle } from "./tests.js";
import { SIDES, capital, degrees, fine } from "./words.js";

const TOP = 14, LEFT = 42, RIGHT = 18, BOTTOM = 28, HEIGHT = 230;

/** Draw a trend; null where there are fewer than two measurements. */
export function trend({ test, subject, points, change }) {
  if (points.length < 2) return null;
  const label = `${subject}, ${testTitle(test).toLowerCase()}: ${points.length} measurements, ${changeWords(change).join(" ")}`;
  return element("section", { class: "card" }, element("h2", {}, `Trend of ${subject}, ${testTitle(test).toLowerCase()}`), legend(),
    fitted((width) => draw(width, points, label)), element("ul", {}, changeWords(change).map((words) => element("li", {}, words))),
    sources(change).map((words) => element("p", { class: "soft" }, words)));
}

/** What the smallest change that counts is made of, once where both sides agree. */
function sources(change) {
  const told = SIDES.map((side) => change?.[side]).filter(Boolean);
  return [...new Set(told.map(({ spacing, mdc95_source: source }) => `What counts as a change ${spacing} comes from ${source}.`))];
}

function changeWords(change) {
  const words = SIDES.filter((side) => change?.[side]).map((side) => {
    const { difference_deg: difference, mdc95_deg: limit, spacing, real } = change[side];
    const size = `${difference > 0 ? "+" : ""}${fine(difference)} from the first to the last`;
    const meaning = real ? `more than measurements differ ${spacing} (${fine(limit)})` : `no change detected: ${spacing} it would have to be ${fine(limit)} or more`;
    return `${capital(side)}: ${size}, ${meaning}.`;
  });
  return words.length ? words : ["No side was measured twice in the same way."];
}

function draw(width, points, label) {
  const times = points.map((point) => Date.parse(point.at)), bottom = HEIGHT - BOTTOM;
  const values = points.flatMap((point) => SIDES.flatMap((side) => [point[side].end_range_deg, ...(point[side].interval95_deg ?? [])])).filter((v) => v !== null);
  const low = Math.min(...values) - 4, high = Math.max(...values) + 4;
  // measurements of one afternoon are spread evenly: on a time scale they would lie on each other
  const near = times.at(-1) - times[0] < 36e5 * 24 * 2;
  const at = near ? scale(0, points.length - 1, LEFT + 14, width - RIGHT) : scale(times[0], times.at(-1), LEFT + 14, width - RIGHT);
  const x = (k) => at(near ? k : times[k]), y = scale(low, high, bottom, TOP);
  const drawing = svg("svg", { width, height: HEIGHT, role: "img", "aria-label": label });
  for (const tick of ticks(low, high, 5)) {
    drawing.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }));
    drawing.append(svg("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, degrees(tick)));
  }
  const day = (k) => new Date(times[k]).toLocaleDateString(undefined, { day: "numeric", month: "short" });
  drawing.append(svg("text", { x: x(0), y: HEIGHT - 8, "text-anchor": "start" }, day(0)));
  if (day(0) !== day(points.length - 1)) drawing.append(svg("text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, day(points.length - 1)));
  SIDES.forEach((side, index) => {
    const shift = (index - 0.5) * 7; // so that two intervals do not cover each other
    const own = points.map((point, k) => ({ k, ...point[side] })).filter((point) => point.end_range_deg !== null);
    drawing.append(svg("path", { class: `curve ${side}`, d: own.map(({ k, end_range_deg: v }, n) => `${n ? "L" : "M"}${x(k) + shift} ${y(v)}`).join("") }));
    for (const { k, end_range_deg: value, interval95_deg: interval } of own) {
      if (interval) drawing.append(svg("line", { class: `whisker ${side}`, x1: x(k) + shift, x2: x(k) + shift, y1: y(interval[0]), y2: y(interval[1]) }));
      drawing.append(mark(side, x(k) + shift, y(value), 5.5));
    }
  });
  return drawing;
}
