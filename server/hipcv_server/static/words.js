// Plain words for what the server says in codes.
export const SIDES = ["left", "right"];

/** Where it may hurt. */
export const PLACES = ["groin", "outer_hip", "buttock", "thigh", "knee", "back", "elsewhere"];

export const CHECKS = {
  light: "Enough light",
  person: "One person in view",
  in_frame: "Hips to feet in the picture",
  distance: "The right distance",
  posture: "Placed as in the drawing",
  facing: "Square to the camera",
  still: "Both legs at rest",
};

/** The same where somebody else moves the leg. */
export const CHECKS_HELPED = { ...CHECKS, person: "One person and one helper in view" };

export const STAGES = {
  queued: "Waiting for its turn",
  opening: "Opening the recording",
  reading: "Looking at every picture",
  measuring: "Reading the whole test, precisely",
  assessing: "Working out the angles",
  asking: "Did it hurt?",
  drawing: "Drawing",
  saving: "Saving",
  done: "Done",
};

/** What is said to somebody who waits: the place in the queue, and when the turn comes where that is known. */
export function waiting(queue) {
  if (!queue) return STAGES.queued;
  const place = queue.place === 1 ? "Next in turn" : `Number ${queue.place} in the queue`;
  if (queue.wait_s === null) return place;
  if (queue.wait_s < 60) return `${place}: begins in less than a minute`;
  const minutes = Math.ceil(queue.wait_s / 60);
  return `${place}: begins in about ${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
}

/** How long the work on a recording may take before it is given up. */
export const allowed = (budget) => budget ? `It may take up to ${Math.ceil(budget.work_s / 60)} minutes.` : "";

/** How the server before this one ended, where that was not in order. */
export const STOPS = {
  server_died: "The last time hipcv ended without being stopped. Nothing that was finished is lost; what was being measured has begun again.",
  machine_died: "The last time this machine went down while hipcv ran. Nothing that was finished is lost; what was being measured has begun again.",
};

export const KINDS = { live: "Self-test", upload: "Upload", file: "From the command line", replay: "Measured once more" };

export const STATES = {
  queued: "waiting", running: "being measured", done: "measured", failed: "could not be measured",
  set_aside: "set aside", cancelled: "cancelled",
};

export const SEVERITIES = { reject: "No result because", doubt: "A reason to doubt", note: "Worth knowing" };

/** Whole degrees with their sign, "–" where there is no number. */
export const degrees = (value) => (value === null || value === undefined ? "–" : `${String(Math.round(value) + 0).replace("-", "−")}°`);

/** Degrees with one decimal. */
export const fine = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(1).replace("-", "−")}°`);

const amount = (value, digits) => String(Number(value.toFixed(Math.abs(value) >= 10 ? 0 : digits))).replace("-", "−");

/** What was found and what the limit is; shares as per cent. */
export function foundWords({ observed, limit, unit }) {
  if (unit.startsWith("of ")) return `Found ${amount(observed * 100, 1)}\u00a0% ${unit}; the limit is ${amount(limit * 100, 1)}\u00a0%`;
  if (unit.startsWith("°")) return `Found ${amount(observed, 1)}${unit}; the limit is ${amount(limit, 1)}°`;
  return `Found ${amount(observed, 2)}; the limit is ${amount(limit, 2)} ${unit}`.trim();
}

/** A word with a capital. */
export const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** A day as this browser writes it. */
export const day = (iso) => new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });

/** What has a number beside internal rotation. */
export const MEASURES = { external: "Turned outwards (foot inwards)", arc: "Total arc" };

/** Date and time as this browser writes them. */
export const when = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
