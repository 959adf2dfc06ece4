// The self-test: camera frames out, guidance in, a result at the end. Frames are sent as the camera sees them; only the
// picture on the screen is mirrored.
import { ask, BASE, element, tell } from "./api.js";
import * as cues from "./cues.js";
import { draw } from "./draw.js";
import { showResult } from "./result.js";

const $ = (id) => document.getElementById(id);
const LONG_SIDE = 640;
const RESUME_TRIES = 8;
let test = null;

export async function openLive() {
  await showSteps("seated");
  for (const radio of $("live-form").elements.test) radio.addEventListener("change", () => showSteps(radio.value));
  $("live-form").addEventListener("submit", (event) => { event.preventDefault(); start().catch(stopWith); });
  $("live-skip").addEventListener("click", () => test?.say({ type: "skip" }));
  $("live-finish").addEventListener("click", () => test?.say({ type: "finish" }));
  $("live-cancel").addEventListener("click", () => { test?.say({ type: "cancel" }); stop(); });
}

async function showSteps(name) {
  const { film } = await ask(`guidance?test=${name}`);
  $("live-steps").replaceChildren(...film.map((step) => element("li", {}, step)));
}

async function openCamera(id) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("This page may not use the camera: open it as http://localhost or over https.");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { deviceId: id ? { exact: id } : undefined, width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: id ? undefined : "user" } });
  } catch (error) {
    if (error.name === "NotAllowedError") throw new Error("The browser was not allowed to use the camera: allow it beside the address, then start again.");
    if (error.name === "NotFoundError") throw new Error("No camera was found: plug one in, then start again.");
    throw new Error("The camera does not start: close other programs that use it, then start again.");
  }
}

async function listCameras() {
  const chosen = $("live-form").elements.camera;
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "videoinput");
  const current = chosen.value;
  chosen.replaceChildren(element("option", { value: "" }, "the usual one"), ...cameras.map((c, k) => element("option", { value: c.deviceId }, c.label || `camera ${k + 1}`)));
  chosen.value = current;
}

async function start() {
  tell(null);
  $("live-result").replaceChildren();
  const given = new FormData($("live-form"));
  cues.setEnabled(Boolean(given.get("sound")));
  const stream = await openCamera(given.get("camera"));
  await listCameras();
  const video = $("camera");
  video.srcObject = stream;
  await video.play();
  const facing = stream.getVideoTracks()[0].getSettings().facingMode;
  const selfie = facing !== "environment";
  $("picture").classList.toggle("selfie", selfie);
  $("picture").style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
  $("live-form").hidden = true;
  $("stage").hidden = false;
  test = new Test(stream, video, selfie, {
    type: "start", test: given.get("test"), sides: given.get("order").split(","),
    age: given.get("age") ? Number(given.get("age")) : null, sex: given.get("sex") || null,
    keep: Boolean(given.get("keep")), subject: given.get("subject") || null,
  });
  test.connect();
}

function stop() {
  test?.close();
  test = null;
  $("stage").hidden = true;
  $("live-form").hidden = false;
}

function stopWith(error) {
  stop();
  tell(error.message);
}

class Test {
  constructor(stream, video, selfie, plan) {
    Object.assign(this, { stream, video, selfie, plan, token: null, ready: false, n: 0, said: 0, over: false, tries: 0, gravity: null });
    this.canvas = document.createElement("canvas");
    this.feel = (event) => {
      const g = event.accelerationIncludingGravity;
      if (g && g.x !== null) this.gravity = { x: g.x, y: g.y, z: g.z, screen_angle: screen.orientation?.angle ?? 0, facing: selfie ? "user" : "environment" };
    };
    window.addEventListener("devicemotion", this.feel);
  }

  connect() {
    const address = new URL(`${BASE}/live`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.onopen = () => this.say(this.token ? { type: "resume", token: this.token } : this.plan);
    this.socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    this.socket.onclose = (event) => this.dropped(event);
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  dropped(event) {
    if (this.over) return;
    this.ready = false;
    if (this.token && this.tries < RESUME_TRIES && event.code !== 4404) {
      this.tries += 1;
      $("say").textContent = "The connection broke; joining again …";
      setTimeout(() => this.connect(), 1000);
    } else {
      stopWith(new Error(this.refusal ?? "The connection to the server is lost; start the test again."));
    }
  }

  hear(message) {
    if (message.type === "started" || message.type === "resumed") {
      this.token = message.token;
      this.tries = 0;
      if (message.type === "resumed") this.begin();
      else $("say").textContent = "Getting ready …";
    } else if (message.type === "ready") this.begin();
    else if (message.type === "reading") this.show(message);
    else if (message.type === "captured") cues.tone();
    else if (message.type === "working") $("say").textContent = `Working it out: ${message.stage} …`;
    else if (message.type === "problem") {
      if (message.fatal) this.refusal = message.problem.detail;
      tell(message.problem.detail);
    } else if (message.type === "result") this.finish(message);
  }

  begin() {
    if (this.ready) return;
    this.ready = true;
    this.next();
  }

  next() {
    if (this.over || !this.ready) return;
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback((now, about) => this.frame((about.captureTime ?? now) / 1000));
    else setTimeout(() => this.frame(performance.now() / 1000), 33);
  }

  async frame(t) {
    this.next();
    if (this.sending || this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > 200_000) return;
    this.sending = true;
    const { videoWidth: w, videoHeight: h } = this.video, scale = Math.min(1, LONG_SIDE / Math.max(w, h));
    Object.assign(this.canvas, { width: Math.round(w * scale), height: Math.round(h * scale) });
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const picture = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.85));
    this.n += 1;
    const about = { n: this.n, t };
    if (this.gravity) about.gravity = this.gravity;
    const head = new TextEncoder().encode(JSON.stringify(about)), size = new DataView(new ArrayBuffer(4));
    size.setUint32(0, head.length, true);
    if (picture && this.socket.readyState === WebSocket.OPEN) this.socket.send(new Blob([size.buffer, head, picture]));
    this.sending = false;
  }

  show(reading) {
    draw($("drawing"), reading, { test: this.plan.test, selfie: this.selfie });
    for (const side of ["left", "right"]) $(`angle-${side}`).textContent = `${side} ${reading[`${side}_deg`] === null ? "–" : `${Math.round(reading[`${side}_deg`])}°`}`;
    const { coach } = reading;
    $("hold").value = coach.hold_share;
    $("checks").replaceChildren(...coach.checks.map((c) => element("li", { class: c.ok ? "ok" : "wrong" }, c.ok ? c.code.replaceAll("_", " ") : c.advice || c.code)));
    $("captured").textContent = ["left", "right"].filter((s) => coach.captured[s].length).map((s) => `${s}: ${coach.captured[s].map((v) => `${Math.round(v)}°`).join(", ")}`).join(" · ");
    if (coach.say && coach.say.n > this.said) {
      this.said = coach.say.n;
      $("say").textContent = coach.say.text;
      cues.speak(coach.say.text);
    }
  }

  finish(message) {
    this.over = true;
    stop();
    cues.tone(660, 0.4);
    ask(message.links.self).then((resource) => showResult($("live-result"), resource)).catch((e) => tell(e.message));
    $("live-result").scrollIntoView({ behavior: "smooth" });
  }

  close() {
    this.over = true;
    window.removeEventListener("devicemotion", this.feel);
    this.stream.getTracks().forEach((track) => track.stop());
    this.socket?.close();
  }
}
