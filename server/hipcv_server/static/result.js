// One assessment in plain words: both hips, what to know, the curve, the references.
import { ask, element } from "./api.js";

const degrees = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)}°`);
const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function sideCard(side, result) {
  const card = element("div", { class: `side ${side}` }, element("div", {}, `${side} hip`));
  if (result.status !== "measured") {
    card.append(element("p", {}, "Not measured."));
    return card;
  }
  const [low, high] = result.interval95_deg;
  card.append(
    element("div", { class: "big" }, degrees(result.end_range_deg)),
    element("p", {}, `likely between ${degrees(low)} and ${degrees(high)}`),
    element("p", { class: "small" }, `trials: ${result.trials.map((t) => t.end_range_deg.toFixed(1)).join(", ") || "none held"}`),
  );
  const named = result.reference.find((r) => r.verdict && r.low_deg !== null);
  if (named) {
    card.append(normBand(side, result, named));
    card.append(element("p", { class: "small" }, `${named.verdict} ${named.label} (${degrees(named.low_deg)} to ${degrees(named.high_deg)})`));
  }
  return card;
}

function normBand(side, result, range) {
  const x = (value) => 5 + Math.min(Math.max(value, 0), 80) * 3;
  const svg = drawn("svg", { viewBox: "-8 0 270 34", role: "img", "aria-label": `${result.end_range_deg.toFixed(0)} degrees against ${range.label}` });
  svg.append(drawn("rect", { class: "track", x: 5, y: 8, width: 240, height: 12, rx: 4 }));
  svg.append(drawn("rect", { class: "range", x: x(range.low_deg), y: 8, width: x(range.high_deg) - x(range.low_deg), height: 12 }));
  const [low, high] = result.interval95_deg;
  svg.append(drawn("line", { class: `interval ${side}`, x1: x(low), x2: x(high), y1: 14, y2: 14 }));
  svg.append(drawn("circle", { class: `dot ${side}`, cx: x(result.end_range_deg), cy: 14, r: 5 }));
  for (const tick of [0, 40, 80]) svg.append(drawn("text", { x: x(tick), y: 33, "text-anchor": "middle" }, `${tick}°`));
  return svg;
}

function curves(series) {
  const width = 760, height = 200, t = series.time_s;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Both angles over time" });
  const known = [...series.left_deg, ...series.right_deg].filter((v) => v !== null);
  if (t.length < 2 || known.length === 0) return null;
  const top = Math.max(30, ...known) + 5, bottom = Math.min(-10, ...known);
  const x = (s) => 40 + ((s - t[0]) / (t[t.length - 1] - t[0])) * (width - 50);
  const y = (d) => 10 + ((top - d) / (top - bottom)) * (height - 30);
  for (let d = Math.ceil(bottom / 20) * 20; d <= top; d += 20) {
    svg.append(drawn("line", { x1: 40, x2: width - 10, y1: y(d), y2: y(d), stroke: "currentColor", opacity: d ? 0.15 : 0.5 }));
    svg.append(drawn("text", { x: 34, y: y(d) + 4, "text-anchor": "end" }, `${d}°`));
  }
  for (const side of ["left", "right"]) {
    let path = "", down = false;
    series[`${side}_deg`].forEach((v, k) => {
      if (v === null) { down = false; return; }
      path += `${down ? "L" : "M"}${x(t[k]).toFixed(1)} ${y(v).toFixed(1)}`;
      down = true;
    });
    svg.append(drawn("path", { class: `line ${side}`, d: path }));
  }
  return svg;
}

export async function showResult(box, resource) {
  const a = resource.assessment;
  box.replaceChildren();
  if (resource.problem) {
    box.append(element("p", {}, resource.problem.detail));
    return;
  }
  if (!a) return;
  box.append(element("h2", {}, a.status === "measured" ? "Result" : "This recording could not be measured"));
  if (a.status === "measured") box.append(element("div", { class: "sides" }, sideCard("left", a.sides.left), sideCard("right", a.sides.right)));
  if (a.asymmetry) {
    const words = a.asymmetry.verdict.replaceAll("_", " ");
    box.append(element("p", {}, `Left minus right: ${a.asymmetry.difference_deg.toFixed(1)}° (${words}; detectable from ${a.asymmetry.mdc95_deg.toFixed(1)}°).`));
  }
  for (const f of a.findings) {
    const where = f.side ? ` (${f.side})` : "";
    box.append(element("div", { class: `finding ${f.severity}` }, element("b", {}, `${f.severity}: `), `${f.title}${where}. ${f.advice}`));
  }
  const series = await ask(resource.links.series).catch(() => null);
  const drawing = series && curves(series);
  if (drawing) box.append(element("h2", {}, "The movement"), drawing, element("p", { class: "small" }, "Degrees of internal rotation over the recording."));
  const links = element("p", { class: "row" }, element("a", { class: "button quiet", href: resource.links.report, target: "_blank", rel: "noopener" }, "Full report"));
  if (resource.keep && a.status) links.append(element("a", { class: "button quiet", href: resource.links.video, target: "_blank", rel: "noopener" }, "Annotated video"));
  box.append(links, element("p", { class: "small" }, "It informs; it does not diagnose. With pain, or where something is far from the ranges, show it to a physiotherapist."));
}
