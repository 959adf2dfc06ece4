// How one person's results of one test changed over time: a chart for every measure, a band, and no target.
import { BASE } from "./api.js";
import { fitted, legend, mark, scale, ticks } from "./chart.js";
import { element, svg } from "./element.js";
import { testTitle } from "./tests.js";
import { SIDES, capital, day, degrees, fine } from "./words.js";

const TOP = 14, LEFT = 42, RIGHT = 18, BOTTOM = 28, HEIGHT = 230;
const BAND = "too near the first value to tell a change";

/** Draw a trend, or say what the first measurement needs beside it; null where nothing was measured. */
export function trend(found) {
  const { test, subject, points, lines, next_date: next, say } = found;
  if (!points.length) return null;
  const measures = points.length > 1 ? [...new Set(lines.map(({ measure }) => measure))] : [];
  const title = testTitle(test).toLowerCase(), heading = measures.length ? `Trend of ${subject}, ${title}` : `${subject}, ${title}: the first measurement`;
  const calendar = `${BASE}/trend/calendar?${new URLSearchParams({ test, subject })}`;
  return element("section", { class: "card" }, element("h2", {}, heading),
    measures.map((measure) => chart(found, lines.filter((line) => line.measure === measure), measures.length > 1)),
    say.map((words) => element("p", { class: "soft" }, words)),
    element("p", {}, element("a", { class: "button quiet small", download: true, href: calendar }, `Put ${day(next)} into your calendar`)));
}

/** One measure of both hips. */
function chart({ test, subject, points }, lines, several) {
  const [{ label }] = lines, words = changeWords(lines);
  const name = `${subject}, ${testTitle(test).toLowerCase()}${several ? `, ${label}` : ""}: ${points.length} measurements, ${words.join(" ")}`;
  return element("div", {}, several ? element("h3", {}, capital(label)) : null, legend(SIDES, lines.some(({ band_deg: band }) => band) ? BAND : null),
    fitted((width) => draw(width, points, lines, name)), element("ul", {}, words.map((one) => element("li", {}, one))),
    sources(lines).map((one) => element("p", { class: "soft" }, one)));
}

/** What the smallest change that counts is made of, once where both sides agree. */
function sources(lines) {
  const told = lines.map(({ change }) => change).filter(Boolean);
  return [...new Set(told.map(({ spacing, mdc95_source: source }) => `What counts as a change ${spacing} comes from ${source}.`))];
}

function changeWords(lines) {
  const words = lines.filter(({ change }) => change).map(({ side, change, n_baselines: n }) => {
    const { difference_deg: difference, mdc95_deg: limit, spacing, real } = change;
    const size = `${difference > 0 ? "+" : ""}${fine(difference)} from ${n > 1 ? "the mean of the first two days" : "the first"} to the last`;
    const meaning = real ? `more than measurements differ ${spacing} (${fine(limit)})` : `no change detected: ${spacing} it would have to be ${fine(limit)} or more`;
    return `${capital(side)}: ${size}, ${meaning}.`;
  });
  return words.length ? words : ["No side was measured twice in the same way."];
}

/** The number of a measure on one side at one point. */
function numberOf(point, { side, measure }) {
  return measure === "internal" ? point[side] : point.measures[measure]?.[side] ?? { end_range_deg: null, interval95_deg: null };
}

function draw(width, points, lines, label) {
  const times = points.map((point) => Date.parse(point.visit_date)), bottom = HEIGHT - BOTTOM;
  const values = lines.flatMap((line) => [...points.flatMap((point) => {
    const { end_range_deg: value, interval95_deg: interval } = numberOf(point, line);
    return [value, ...(interval ?? [])];
  }), ...(line.band_deg ?? [])]).filter((v) => v !== null);
  const low = Math.min(...values) - 4, high = Math.max(...values) + 4;
  // measurements of one afternoon are spread evenly: on a time scale they would lie on each other
  const near = times.at(-1) - times[0] < 36e5 * 24 * 2;
  const at = near ? scale(0, points.length - 1, LEFT + 14, width - RIGHT) : scale(times[0], times.at(-1), LEFT + 14, width - RIGHT);
  const x = (k) => at(near ? k : times[k]), y = scale(low, high, bottom, TOP);
  const drawing = svg("svg", { width, height: HEIGHT, role: "img", "aria-label": label });
  for (const { side, band_deg: band } of lines) if (band) drawing.append(svg("rect", { class: `band ${side}`, x: LEFT, width: width - RIGHT - LEFT, y: y(band[1]), height: y(band[0]) - y(band[1]) }));
  for (const tick of ticks(low, high, 5)) {
    drawing.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }));
    drawing.append(svg("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, degrees(tick)));
  }
  const short = (k) => new Date(times[k]).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
  drawing.append(svg("text", { x: x(0), y: HEIGHT - 8, "text-anchor": "start" }, short(0)));
  if (short(0) !== short(points.length - 1)) drawing.append(svg("text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, short(points.length - 1)));
  lines.forEach((line, index) => {
    const { side } = line, shift = (index - (lines.length - 1) / 2) * 7; // so that two intervals do not cover each other
    const own = points.map((point, k) => ({ k, id: point.id, ...numberOf(point, line) })).filter((point) => point.end_range_deg !== null);
    drawing.append(svg("path", { class: `curve ${side}`, d: own.map(({ k, end_range_deg: v }, n) => `${n ? "L" : "M"}${x(k) + shift} ${y(v)}`).join("") }));
    for (const { k, end_range_deg: value, interval95_deg: interval } of own) {
      if (interval) drawing.append(svg("line", { class: `whisker ${side}`, x1: x(k) + shift, x2: x(k) + shift, y1: y(interval[0]), y2: y(interval[1]) }));
      drawing.append(mark(side, x(k) + shift, y(value), 5.5));
    }
  });
  return drawing;
}
