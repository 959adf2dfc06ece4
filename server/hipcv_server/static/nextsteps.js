// What to do next: from the result alone, without a diagnosis.
import { MOTIONS, asksFor, resultOf, resultsOf } from "./motions.js";
import { SIDES } from "./words.js";

const MOST = 4;

/** Return steps, the most urgent first: `text`, `more` where it takes several things, `source` where it has one. */
export function nextSteps(assessment) {
  const { findings } = assessment, first = Object.keys(MOTIONS).find((motion) => asksFor(assessment, motion));
  const advice = (severity) => [...new Set(findings.filter((f) => f.severity === severity).map((f) => f.advice).filter(Boolean))];
  const wrong = advice("reject"), doubtful = advice("doubt").filter((sentence) => !wrong.includes(sentence));
  if (assessment.status !== "measured") return [{ text: "Do the test once more, with this put right:", more: [...wrong, ...doubtful].slice(0, MOST) }];
  const steps = [], missing = SIDES.filter((side) => resultOf(assessment, side, first).status !== "measured");
  if (wrong.length) steps.push({ text: missing.length === 1 ? `Measure the ${missing[0]} side again:` : "Measure again:", more: wrong.slice(0, MOST) });
  if (doubtful.length) steps.push({ text: "For a surer number, measure again:", more: doubtful.slice(0, MOST) });
  const shown = (assessment.to_show ?? []).map(({ say, origin }) => ({ text: say, source: origin }));
  return [...steps, ...(shown.length ? shown : [{ text: compare(assessment) }])];
}

function compare(assessment) {
  if (Object.values(assessment.asymmetry).some((one) => ["notable", "large"].includes(one?.verdict))) {
    return "Measure again on another day. If the difference stays and bothers you, show both reports to a physiotherapist.";
  }
  const outside = SIDES.flatMap((side) => resultsOf(assessment, side)).some(({ reference }) => ["below", "above"].includes(reference.find((r) => r.verdict && r.citation)?.verdict));
  if (outside) return "A value outside a range is no illness. If the hip or groin hurts or feels stiff, show the report to a physiotherapist.";
  return "To follow a change, measure again in a few weeks: same seat, same clothes, same place of the camera.";
}
