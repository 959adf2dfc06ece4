// The live connection: frames out, readings in, and back on its feet after it broke.
import { BASE, ask } from "./api.js";

// One being looked at, one waiting, one on its way: more would only be old when its turn comes.
const MAX_UNANSWERED = 3;
// After so long without an answer frames are sent again: the last ones were not looked at.
const ANSWER_MS = 1000;
const RETRY_MS = 400;
// The server keeps a test that is being worked out for longer than one that waits for frames.
const WORKING_MS = 120_000;

// So long the server has to say goodbye to a test that was cancelled.
const CANCEL_MS = 3000;

const ENDS = {
  1009: "The camera's pictures are too large for the server: choose another camera and start again.",
  1012: "The server was stopped: start it again, then start the test again.",
  4404: "The test could not be picked up again in time: start it again.",
  4408: "The server got no picture for half a minute and ended the test: keep this page in front, and start again.",
  4409: "This test was taken over by another window: go on there, or start it again here.",
};

/** One live test. `on` hears started, ready, reading, captured, working, problem, dropped, back, result, over. */
export class LiveLink {
  constructor(start, on) {
    Object.assign(this, { start, on, token: null, session: null, ready: false, over: false, refusal: null });
    Object.assign(this, { sent: 0, read: 0, sentAt: 0, resumeMs: 10_000, droppedAt: 0, working: false });
    this.connect();
  }

  connect() {
    const address = new URL(`${BASE}/live`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.addEventListener("open", () => this.tell(this.token ? { type: "resume", token: this.token } : this.start));
    socket.addEventListener("message", (event) => this.hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.socket && this.closed(event.code));
  }

  tell(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Whether another picture is wanted now. */
  get wants() {
    if (!this.ready || this.working || this.socket.readyState !== WebSocket.OPEN) return false;
    if (this.socket.bufferedAmount > 0) return false;
    return this.sent - this.read < MAX_UNANSWERED || performance.now() - this.sentAt > ANSWER_MS;
  }

  /** Send a picture taken at `t` seconds. */
  frame(t, gravity, picture) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.sent += 1;
    this.sentAt = performance.now();
    const head = new TextEncoder().encode(JSON.stringify({ n: this.sent, t, ...(gravity ? { gravity } : {}) }));
    const size = new DataView(new ArrayBuffer(4));
    size.setUint32(0, head.length, true);
    this.socket.send(new Blob([size.buffer, head, picture]));
  }

  hear(message) {
    if (this.over) return;
    const { type } = message;
    if (type === "started" || type === "resumed") {
      Object.assign(this, { token: message.token, session: message.session, resumeMs: message.resume_within_s * 1000, droppedAt: 0 });
      this.read = this.sent;
      if (type === "resumed") this.on.back?.();
      else this.on.started?.(message.plan);
    } else if (type === "ready") {
      this.ready = true;
      this.on.ready?.();
    } else if (type === "reading") {
      this.read = Math.max(this.read, message.n);
      this.on.reading?.(message);
    } else if (type === "problem") {
      if (message.fatal) this.refusal = message.problem.detail;
      else this.on.problem?.(message.problem.detail);
    } else if (type === "result") {
      this.end(() => this.on.result?.(message));
    } else if (type === "cancelled") {
      this.end();
    } else {
      this.working ||= type === "working";
      this.on[type]?.(message);
    }
  }

  async closed(code) {
    if (this.over) return;
    this.ready = false;
    const known = this.refusal ?? ENDS[code];
    const now = performance.now();
    this.droppedAt ||= now;
    if (!known && this.token && now - this.droppedAt < (this.working ? WORKING_MS : this.resumeMs)) {
      this.on.dropped?.();
      setTimeout(() => this.over || this.connect(), RETRY_MS);
      return;
    }
    const kept = this.session && (await ask(`assessments/${this.session}`).catch(() => null));
    if (kept?.assessment) this.end(() => this.on.result?.(kept));
    else this.fail(known ?? (this.token ? ENDS[4404] : await why()));
  }

  fail(sentence) { this.end(() => this.on.over?.(sentence)); }

  end(then) {
    if (this.over) return;
    this.over = true;
    then?.();
    this.socket.close();
  }

  /** Let go of the connection: what the server is working out, it finishes and keeps. */
  release() {
    this.over = true;
    this.socket.close();
  }

  /** Throw everything away; the server answers by closing the connection, and frees the place. */
  cancel() {
    if (this.over) return;
    this.over = true;
    this.tell({ type: "cancel" });
    setTimeout(() => this.socket.close(), CANCEL_MS);
  }
}

/** Why a connection could not be opened: a browser does not say, the interface beside it may. */
async function why() {
  try {
    await ask("limits");
  } catch (error) {
    return error.message;
  }
  return "The live connection was refused, though the server answers: load this page again; a proxy in between must let WebSockets pass.";
}
