// The self-test from the choice of the test to its result.
import { ask } from "./api.js";
import { Camera, CameraError, cameraObstacle, listCameras } from "./camera.js";
import { Cues } from "./cues.js";
import { doneOf, showGuides, watchDone } from "./done.js";
import { alarm, asked, byId, confirmed, element, tell } from "./element.js";
import { Gravity, allowGravity } from "./gravity.js";
import { askHurt, forgetHurt, setUpHurt } from "./hurt.js";
import { keep, kept } from "./kept.js";
import { askBeforeLeaving } from "./leave.js";
import { LiveLink } from "./live.js";
import { offerPair, pairOf } from "./pair.js";
import { answersKept, askQuestions, judged, keepAnswers, mayTest, sentAnswers } from "./questions.js";
import { showResult } from "./result.js";
import { Stage } from "./stage.js";
import { loadTests, testNames } from "./tests.js";
import { placeOf } from "./who.js";

const STEPS = ["questions", "choose", "place", "test", "done"];
const HEADINGS = { questions: "selftest-title", choose: "selftest-title", place: "place-title", test: "test-title" };
const PROBLEM_MS = 5000;
let camera = null;
let running = null;
let answers = null;
let before = null; // the test before an exercise, where one is done in between

export function setUpSelfTest() {
  byId("choose").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!byId("choose").reportValidity()) return;
    if (testNames().length) toPlace(); // at once: sensors may be asked for within the click only
    else loadTests().then((there) => there && toPlace());
  });
  watchDone(byId("choose"));
  setUpHurt((message) => running?.link.tell(message));
  byId("answer-again").addEventListener("click", () => questions());
  byId("try-sound").addEventListener("click", trySound);
  byId("back").addEventListener("click", () => { closeCamera(); go("choose"); });
  byId("start").addEventListener("click", () => begin().catch(returnWith));
  byId("camera-pick").addEventListener("change", () => openCamera(byId("camera-pick").value));
  byId("camera-again").addEventListener("click", () => openCamera(byId("camera-pick").value));
  byId("again").addEventListener("click", () => { before = null; go("choose"); });
  byId("go").addEventListener("click", () => running?.link.tell({ type: "go" }));
  byId("skip").addEventListener("click", () => running?.link.tell({ type: "skip" }));
  byId("finish").addEventListener("click", () => running?.link.tell({ type: "finish" }));
  byId("stop").addEventListener("click", askToStop);
  byId("overlay").addEventListener("click", (event) => {
    if (!running || running.stage.begun) return;
    running.link.tell({ type: "who", subject_at: placeOf(event, byId("overlay"), running.stage.mirrored) });
    running.stage.pointedAt();
  });
  byId("sound").addEventListener("click", () => {
    if (!running) return;
    running.cues.switch(!running.cues.heard);
    running.stage.showSound();
  });
  byId("full").hidden = !document.fullscreenEnabled;
  byId("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : byId("test").requestFullscreen().catch(() => {})));
  document.addEventListener("visibilitychange", () => document.hidden || running?.awake());
  for (const choice of byId("hands").querySelectorAll("button")) choice.addEventListener("click", () => takeHands(choice.value));
  byId("hands-again").addEventListener("click", () => { keep(handsOf(camera), null); camera.mirrors = false; askForHands(); });
  askBeforeLeaving(midTest);
  // who leaves all the same, or whose device goes to sleep, keeps what was held
  window.addEventListener("pagehide", () => leaveSelfTest({ keeping: running?.stage.some }));
}

/** Called whenever the page is shown. */
export function openSelfTest() {
  if (!running) begun();
}

/** Ask what is asked before the first test, where nobody on this device has answered it in the last three months. */
async function begun() {
  before = null;
  try {
    answers = await answersKept();
    if (answers && !mayTest(answers, (await judged(answers)).screening)) answers = null;
  } catch (error) {
    alarm(error.message);
    return;
  }
  if (answers) choose(false);
  else questions(false);
}

function questions(focus = true) {
  answers = null;
  keepAnswers(null);
  go("questions", focus);
  const answered = (told) => {
    answers = told;
    keepAnswers(told);
    choose();
  };
  askQuestions(byId("questions"), { answered, again: () => questions() }).catch((error) => alarm(error.message));
}

function choose(focus = true) {
  const day = new Date(answers.on).toLocaleDateString(undefined, { dateStyle: "medium" });
  byId("answered").firstElementChild.textContent = answers.by ? `Judged by ${answers.by} on ${day}.` : `The questions were answered on this device on ${day}.`;
  go("choose", focus);
}

/** Whether leaving now would throw something away. */
export const midTest = () => Boolean(running) && (running.stage.begun || running.stage.some) && !running.link.working;

/** Ask whether a test may be left, and what becomes of what was held; resolves to whether to go. */
export async function mayLeave() {
  const some = running.stage.some;
  const answer = await asked("Leave the test?", some ? "The test is not done. What was held so far can be measured and kept under Results." : "The test is under way, and nothing has been held yet.",
    [...(some ? [["keep", "Leave and keep what was held"]] : []), ["drop", some ? "Leave and throw it away" : "Leave", "danger"], ["", "Go on with the test"]]);
  if (!answer) return false;
  leaveSelfTest({ keeping: answer === "keep" });
  return true;
}

/** Called when another page is shown: ends a running test and frees the camera. */
export function leaveSelfTest({ keeping = false } = {}) {
  if (keeping) running?.link.tell({ type: "finish" });
  if (keeping || running?.link.working) {
    running?.link.tell({ type: "pain" }); // nobody is here to be asked
    running?.link.release();
  } else running?.link.cancel();
  endRun();
  closeCamera();
}

function go(step, focus = true) {
  for (const name of STEPS) byId(name).hidden = name !== step;
  for (const item of byId("steps").children) {
    const order = STEPS.indexOf(item.dataset.step) - STEPS.indexOf(step);
    item.classList.toggle("past", order < 0);
    if (order === 0) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  document.body.classList.toggle("testing", step === "test");
  window.scrollTo(0, 0);
  if (focus && HEADINGS[step]) byId(HEADINGS[step]).focus({ preventScroll: true });
}

function plan() {
  const given = new FormData(byId("choose")), done = Object.fromEntries(doneOf(byId("choose")));
  const age = given.get("age"), subject = given.get("subject").trim();
  return {
    type: "start", test: given.get("test"), age: age === "" ? null : Number(age), sex: given.get("sex") || null,
    ...Object.fromEntries(sentAnswers(answers)), ...done, ...(done.pain ? { pain: Number(done.pain) } : {}), sides: given.get("order").split(","),
    trials: Number(given.get("trials")), hold_s: Number(given.get("hold_s")), keep: Boolean(given.get("keep")), show_face: Boolean(given.get("show_face")),
    subject: subject || null, hands_free: !given.get("by_hand"), motion: given.get("inwards") ? "both" : "internal",
  };
}

function cuesWanted() {
  const given = new FormData(byId("choose"));
  return new Cues({ voice: Boolean(given.get("voice")), tones: Boolean(given.get("tones")) });
}

async function trySound() {
  const cues = cuesWanted();
  await cues.unlock();
  cues.tone("captured");
  cues.say("This is how you will be guided.");
  const silent = cues.voice && !cues.speaks;
  byId("sound-note").textContent = silent ? "This device has no voice of its own: you will hear tones, and the words are on the screen." : "";
  setTimeout(() => cues.context?.close(), 2000);
}

// ------------------------------------------------------------------------------------------------------- the camera

async function toPlace() {
  allowGravity();
  const { test, effort, motion } = plan();
  tell(byId("camera-problem"), null);
  go("place");
  showGuides("place", test, effort, motion).catch((error) => tell(byId("camera-problem"), error.message));
  await openCamera(byId("camera-pick").value);
}

async function openCamera(id) {
  closeCamera();
  tell(byId("camera-problem"), null);
  tell(byId("preview-note"), "Starting the camera …");
  byId("camera-again").hidden = true;
  byId("mirror-note").hidden = true;
  try {
    const opened = await Camera.open(id);
    if (byId("place").hidden) { opened.close(); return; }
    camera = opened;
    await camera.show(byId("preview"));
    byId("viewfinder").style.setProperty("--ratio", byId("preview").videoWidth / byId("preview").videoHeight);
    byId("mirror-note").hidden = !camera.selfie;
    tell(byId("preview-note"), null);
    askForHands();
    await listChoices();
  } catch (error) {
    tell(byId("preview-note"), "No picture yet.");
    tell(byId("camera-problem"), error instanceof CameraError ? error.message : `The camera does not start: ${error.message}`);
    byId("camera-again").hidden = cameraObstacle() !== null;
  }
}

const handsOf = (opened) => `hands.${opened.name}`;

/** Ask once for every camera whether it gives a mirror image: nothing in a picture tells left from right. */
function askForHands() {
  const told = kept(handsOf(camera));
  camera.mirrors = told === "mirrored";
  camera.show(byId("preview"));
  byId("hands").hidden = told !== null;
  byId("hands-told").hidden = told === null;
  byId("hands-told").firstElementChild.textContent = told === "unknown" ? "Nobody has looked whether this camera gives a mirror image." : "Left and right of this camera are checked.";
  byId("start").disabled = told === null;
}

/** Where the raised right hand is seen says whether the camera itself mirrors. */
function takeHands(seen) {
  const honest = camera.selfie ? "right" : "left";
  keep(handsOf(camera), seen === "unknown" ? seen : seen === honest ? "straight" : "mirrored");
  askForHands();
}

async function listChoices() {
  const cameras = await listCameras();
  byId("camera-pick").replaceChildren(...cameras.map(({ id, name }) => element("option", { value: id, selected: id === camera?.id }, name)));
  byId("camera-pick").parentElement.hidden = cameras.length === 0;
}

function closeCamera() {
  camera?.close();
  camera = null;
  byId("start").disabled = true;
  byId("hands").hidden = byId("hands-told").hidden = true;
  byId("preview").srcObject = null;
  byId("camera").srcObject = null;
}

// ------------------------------------------------------------------------------------------------------ the test

async function begin() {
  const held = camera, cues = cuesWanted(), told = kept(handsOf(held));
  forgetHurt();
  const start = { ...plan(), asks_pain: true, mirror_checked: told === "straight" || told === "mirrored" };
  tell(byId("camera-problem"), null);
  byId("start").disabled = true;
  await cues.unlock();
  go("test");
  const stage = new Stage(start, held.selfie, cues), gravity = new Gravity(held.facing), video = byId("camera");
  await held.show(video);
  byId("preview").srcObject = null;
  byId("picture").style.setProperty("--ratio", video.videoWidth / video.videoHeight);
  const link = new LiveLink(start, {
    ready: () => stage.say("Take your place in the picture."),
    reading: (reading) => stage.reading(reading),
    captured: () => stage.holdCaptured(),
    working: (message) => { stage.working(message); askHurt(stage.some ? start.sides : null, start.effort === "passive"); },
    problem: (detail) => stage.note(detail, PROBLEM_MS),
    dropped: () => stage.note("The connection to the server broke. Joining again; what was captured is kept."),
    back: () => stage.note(null),
    result: (message) => { cues.tone("complete"); finished(message, start); },
    over: (sentence) => { cues.tone("lost"); returnWith(new Error(sentence)); },
  });
  const unwatch = held.watch(video, async (t) => {
    if (!link.wants) return;
    const picture = await held.picture(video);
    if (picture) link.frame(t, gravity.reading(), picture);
  });
  held.onLost(() => running && stage.note("The camera stopped. “Finish now” keeps what was captured; or stop, plug it in and start again."));
  running = { link, stage, cues, gravity, unwatch, lock: null, awake };
  running.awake();
}

/** Keep the screen from going dark; the browser lets go of it whenever the page is hidden. */
async function awake() {
  this.lock = await navigator.wakeLock?.request("screen").catch(() => null) ?? null;
  if (running !== this) this.lock?.release();
}

function endRun() {
  if (!running) return;
  const { unwatch, gravity, cues, lock } = running;
  running = null;
  askHurt(null);
  unwatch();
  gravity.close();
  lock?.release();
  setTimeout(() => cues.close(), 1500); // the last tone is still sounding
  document.body.classList.remove("testing");
  if (document.fullscreenElement) document.exitFullscreen();
}

async function finished(message, start) {
  endRun();
  closeCamera();
  go("done");
  const told = { state: "done", kind: "live", test: start.test, keep: start.keep, problem: null, ...message };
  const resource = await ask(message.links.self).catch(() => told);
  const box = byId("test-result"), earlier = before;
  before = null;
  await showResult(box, resource, { onDeleted: () => go("choose") });
  if (earlier && resource.id) box.querySelector("h2").after(await pairOf(earlier, resource.id));
  offerPair(byId("pair"), resource, (held) => { before = held; toPlace(); });
  byId("test-result").querySelector("h2")?.focus({ preventScroll: true });
}

/** Back to the camera, with the reason. */
async function returnWith(error) {
  endRun();
  go("place");
  await openCamera(camera?.id ?? "");
  tell(byId("camera-problem"), error.message);
}

async function askToStop() {
  if (running?.stage.some && !(await confirmed("Stop the test?", "What was captured so far is thrown away.", "Stop the test"))) return;
  if (!running) return;
  running.link.cancel();
  endRun();
  go("place");
  await openCamera(camera?.id ?? "");
}
