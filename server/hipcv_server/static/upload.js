// Recorded videos: handed over one by one, watched while they are scored, summed up.
import { Refusal, ask, askOnce, follow, upload } from "./api.js";
import { doneOf, effortOf, showGuides, watchDone } from "./done.js";
import { markEdges } from "./edges.js";
import { alarm, asked, button, byId, element } from "./element.js";
import { offerPlaces, painWords } from "./hurt.js";
import { keep, kept } from "./kept.js";
import { askBeforeLeaving } from "./leave.js";
import { asksFor, resultOf } from "./motions.js";
import { askQuestions, sentAnswers } from "./questions.js";
import { loadTests } from "./tests.js";
import { askWho } from "./who.js";
import { SIDES, STAGES, STATES, capital, degrees, waiting } from "./words.js";

const MEGA = 1_000_000;
let limits = null;
let line = Promise.resolve();
let unsent = 0;
let answers = null;

export function setUpUpload() {
  const drop = byId("drop"), files = byId("files");
  askOnce("limits").then((told) => {
    limits = told.upload;
    byId("upload-limits").textContent = `Up to ${Math.round(limits.max_bytes / MEGA)} MB and ${Math.round(limits.max_duration_s / 60)} minutes each. The clip is deleted once it is measured, unless you keep it.`;
  }).catch(() => {});
  files.addEventListener("change", () => { take([...files.files]); files.value = ""; });
  byId("upload-form").addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
  // a video that misses the box is not opened by the browser instead
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  const mirrored = byId("up-mirrored");
  mirrored.value = kept("mirrored") ?? "";
  mirrored.addEventListener("change", () => keep("mirrored", mirrored.value));
  askBeforeLeaving(() => unsent > 0);
  for (const side of SIDES) offerPlaces(byId(`up-place-${side}`));
  byId("up-screening").addEventListener("toggle", () => byId("up-screening").open && !byId("up-questions").childElementCount && openQuestions());
  byId("up-subject").addEventListener("change", () => answers && openQuestions()); // answers are one person's
  byId("show-film").addEventListener("click", toggleGuide);
  byId("upload-choices").addEventListener("change", showGuide);
  byId("up-motion").addEventListener("change", showGuide);
  watchDone(byId("upload-form"), showGuide);
}

/** Ask the questions of the person in the video. */
function openQuestions() {
  answers = null;
  byId("up-answered").textContent = "Not answered: results then come without exercises.";
  byId("upload-form").hidden = false;
  const answered = (told, { say }) => {
    answers = told;
    byId("up-answered").textContent = told.by ? say.join(" ") : "Answered.";
    byId("up-questions").replaceChildren(button("Answer again", openQuestions));
  };
  const stopped = () => { byId("upload-form").hidden = true; byId("up-answered").textContent = ""; };
  askQuestions(byId("up-questions"), { answered, stopped, again: openQuestions }).catch((error) => alarm(error.message));
}

function toggleGuide() {
  const hidden = !byId("upload-guide").hidden;
  byId("upload-guide").hidden = hidden;
  byId("show-film").setAttribute("aria-expanded", String(!hidden));
  if (!hidden) showGuide();
}

async function showGuide() {
  if (!(await loadTests())) return;
  const given = new FormData(byId("upload-form"));
  showGuides("upload", given.get("test"), effortOf(byId("upload-form")), given.get("motion") || "internal").catch((error) => alarm(error.message));
}

/** Ask once on this device whether its videos are mirror images, for nothing in a picture tells. */
async function askForMirror() {
  if (kept("mirrored") !== null) return;
  const answer = await asked("Is the video a mirror image?", "Some selfie cameras save one. Left and right are then exchanged, and nothing in the picture tells: only writing that reads backwards.",
    [["true", "Yes, mirrored"], ["unknown", "I do not know"], ["false", "No"]]);
  if (!answer) return;
  byId("up-mirrored").value = answer === "unknown" ? "" : answer;
  keep("mirrored", byId("up-mirrored").value);
}

async function take(files) {
  if (!byId("upload-form").reportValidity()) {
    byId("upload-form").querySelector("details:has(:invalid)")?.setAttribute("open", "");
    byId("upload-form").reportValidity();
    return;
  }
  alarm(null);
  if (!files.length || !(await loadTests())) return;
  await askForMirror();
  const given = options();
  const photographs = files.filter(isPhotograph), videos = files.filter((file) => !isPhotograph(file));
  for (const one of [...videos.map((file) => [file]), ...(photographs.length ? [photographs] : [])]) {
    const item = new Upload(one, given);
    byId("uploads").prepend(item.box);
    line = line.then(() => item.send()); // one after the other: they share the same line
  }
}

/** Some browsers do not know what HEIC is. */
const isPhotograph = (file) => file.type.startsWith("image/") || /\.(heic|heif|hif)$/i.test(file.name);

/** The options as they are now, for every file of this drop. */
function options() {
  const given = new FormData(byId("upload-form")), sent = [];
  for (const name of ["test", "age", "sex", "roll", "mirrored", "motion", "subject_at", "rotate", "aspect", "from_s", "to_s", "date"]) if (given.get(name)) sent.push([name, given.get(name)]);
  if (given.get("subject").trim()) sent.push(["subject", given.get("subject").trim()]);
  sent.push(...doneOf(byId("upload-form")), ...sentAnswers(answers));
  for (const side of SIDES) if (given.get(`pain_${side}`)) sent.push([`pain_${side}`, painWords(given.get(`pain_${side}`), given.get(`place_${side}`))]);
  if (given.get("slow_motion") && given.get("slow_motion") !== "1") sent.push(["slow_motion", given.get("slow_motion")]);
  for (const name of ["keep", "show_face"]) if (given.get(name)) sent.push([name, "true"]);
  return sent;
}

const say = (sentence) => { byId("upload-status").textContent = sentence; };

/** One video, or the photographs of one test, and what becomes of them. */
class Upload {
  constructor(files, given) {
    const still = isPhotograph(files[0]);
    const file = files.length === 1 ? files[0] : { name: `${files.length} photographs`, size: files.reduce((sum, { size }) => sum + size, 0) };
    Object.assign(this, { files, file, still, given, stop: new AbortController(), job: null, waits: true });
    unsent += 1;
    this.state = element("p", { class: "state" }, "Waiting to be sent");
    this.bar = element("progress", { max: 1, value: 0, "aria-label": `Progress of ${file.name}` });
    this.buttons = element("div", { class: "row actions" }, button("Cancel", () => this.cancel(), { "aria-label": `Cancel ${file.name}` }));
    this.box = element("li", { class: "card" }, element("h3", { class: "file" }, file.name), this.state, this.bar, this.buttons);
  }

  async send() {
    if (this.stop.signal.aborted) return;
    try {
      if (limits && this.file.size > limits.max_bytes) {
        throw new Refusal(`This ${this.still ? "set of photographs" : "video"} has ${Math.round(this.file.size / MEGA)} MB, and ${Math.round(limits.max_bytes / MEGA)} MB are taken: cut it down to the test, or film in a lower resolution.`);
      }
      const form = new FormData();
      for (const [name, value] of this.given) form.append(name, value);
      if (this.still) form.append("still", "true");
      for (const file of this.files) form.append("file", file);
      this.job = await upload(form, (share) => this.show(share < 1 ? "Sending" : STAGES.queued, share < 1 ? share : null), this.stop.signal);
      this.settled();
      say(`${this.file.name} was handed over.`);
      if (this.stop.signal.aborted) this.cancel();
      follow(this.job, { change: (now) => this.progress(now), end: (now) => this.end(now), gone: () => this.box.remove() });
    } catch (error) {
      this.failed(error);
    }
  }

  /** No longer lost when the page goes away: the server has it, or it was refused. */
  settled() {
    if (this.waits) unsent -= 1;
    this.waits = false;
  }

  show(words, share) {
    this.state.textContent = words;
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
  }

  progress({ state, progress, problem, queue }) {
    const { stage, n_total: total, share } = progress;
    this.show(problem?.detail ?? (state === "queued" ? waiting(queue) : STAGES[stage] ?? stage), state === "running" && total ? share : null);
  }

  cancel() {
    this.stop.abort();
    if (this.job) ask(this.job.links.cancel, { method: "POST" }).catch((error) => { if (error.code !== "not_running") alarm(error.message); });
    else this.failed(new Refusal("Cancelled before it was sent.", { code: "cancelled" }));
  }

  end(resource) {
    this.bar.remove();
    const open = element("a", { class: "button small", href: `#results/${resource.id}`, "aria-label": `Show the result of ${this.file.name}` }, "Show the result");
    const { assessment, problem, links, keep } = resource;
    if (assessment) {
      this.box.classList.add(assessment.status === "measured" ? "good" : "bad");
      this.state.textContent = summary(assessment);
      const inTab = { class: "button quiet small", target: "_blank", rel: "noopener" };
      this.buttons.replaceChildren(open, element("a", { href: links.report, ...inTab }, "Full report"), ...(keep ? [element("a", { href: links.video, ...inTab }, "Annotated video")] : []),
        ...this.turnButton(assessment), ...this.whoButton(assessment), ...this.markButton());
      say(`${this.file.name}: ${this.state.textContent}`);
    } else {
      this.failed(new Refusal(problem?.detail ?? `This video was ${STATES[resource.state]}.`, { code: resource.state }));
    }
  }

  failed(error) {
    this.settled();
    this.bar.remove();
    this.box.classList.add("bad");
    this.state.textContent = error.message;
    this.buttons.replaceChildren(button("Try again", () => this.again(), { "aria-label": `Try ${this.file.name} again` }), button("Remove", () => this.box.remove(), { "aria-label": `Remove ${this.file.name} from this list` }));
    if (error.code !== "cancelled") say(`${this.file.name}: ${error.message}`);
  }

  /** Turns a video upright that lies on its side or stands on its head, and measures it once more. */
  turnButton({ findings }) {
    const turned = findings.find((f) => f.code === "picture_turned" && f.severity === "reject");
    if (!turned?.observed) return [];
    const already = Number(this.given.find(([name]) => name === "rotate")?.[1] ?? 0);
    const given = [...this.given.filter(([name]) => name !== "rotate"), ["rotate", String((already + 360 - turned.observed) % 360)]];
    return [button("Turn it upright and measure again", () => this.again(given), { "aria-label": `Turn ${this.file.name} upright and measure it again` })];
  }

  /** Asks which of several people is tested, and measures this video once more; not where it is turned after the browser shows it. */
  whoButton({ findings }) {
    if (this.still || this.given.some(([name]) => name === "rotate") || !findings.some((f) => f.code === "subject_unclear" && f.severity === "reject")) return [];
    const others = this.given.filter(([name]) => name !== "subject_at");
    return [button("Say who is tested", (event) => {
      const opener = event.currentTarget;
      opener.disabled = true;
      this.box.append(askWho(this.file, this.mirrored(), (place) => this.again([...others, ["subject_at", place]]), () => { opener.disabled = false; opener.focus(); }));
    }, { "aria-label": `Say who is tested in ${this.file.name}` })];
  }

  mirrored() {
    return this.given.some(([name, value]) => name === "mirrored" && value === "true");
  }

  /** Edges are drawn over the video as the browser shows it: not where it is turned or stretched afterwards. */
  markButton() {
    if (this.still || this.given.some(([name]) => name === "rotate" || name === "aspect")) return [];
    return [button("Mark upright edges", (event) => this.mark(event.currentTarget), { "aria-label": `Mark upright edges in ${this.file.name}` })];
  }

  /** Lets the user draw what is plumb, and measures this video once more with it. */
  mark(opener) {
    opener.disabled = true;
    const others = this.given.filter(([name]) => name !== "vertical");
    const done = (edges) => this.again([...others, ...edges.map((edge) => ["vertical", edge])]);
    this.box.append(markEdges(this.file, this.mirrored(), done, () => { opener.disabled = false; opener.focus(); }));
  }

  again(given = options()) {
    const next = new Upload(this.files, given);
    this.box.replaceWith(next.box);
    line = line.then(() => next.send());
  }
}

function summary(assessment) {
  const { status, findings } = assessment;
  if (status !== "measured") return `No result. ${findings.find((f) => f.severity === "reject")?.advice ?? ""}`.trim();
  const doubts = findings.filter((f) => f.severity === "doubt").length;
  const told = { internal: "", external: "foot inwards " };
  const each = Object.keys(told).filter((motion) => asksFor(assessment, motion)).map((motion) => told[motion] + SIDES.map((side) => `${side} ${degrees(resultOf(assessment, side, motion).end_range_deg)}`).join(", "));
  const numbers = capital(each.join("; "));
  return doubts ? `${numbers}, with ${doubts === 1 ? "a reason" : `${doubts} reasons`} to doubt` : numbers;
}
