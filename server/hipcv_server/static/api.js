// The server's REST interface; every refusal is one sentence to show as it is.
export const BASE = "/api/v1";
const POLL_MS = 2000;
const NO_ANSWER = "The server does not answer: look whether hipcv is still running, start it again, and load this page anew.";
const FINAL = ["done", "failed", "set_aside", "cancelled"];

export class Refusal extends Error {
  constructor(detail, { status = 0, code = "no_answer" } = {}) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Whether nothing more will happen to an assessment. */
export const isFinal = (resource) => FINAL.includes(resource.state);

/** Ask the server; `path` is a full one or lies under the interface. Resolves to the JSON of the answer. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, options);
  } catch {
    throw new Refusal(NO_ANSWER);
  }
  const text = answer.status === 204 ? "" : await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  return text ? JSON.parse(text) : null;
}

const kept = new Map();

/** Ask for something that stays the same while the page is open. */
export function askOnce(path) {
  if (!kept.has(path)) kept.set(path, ask(path).catch((error) => { kept.delete(path); throw error; }));
  return kept.get(path);
}

/** Hand over a recording. `onShare` hears how much of it has gone, 0 to 1; `signal` takes it back. */
export function upload(form, onShare, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}/assessments`);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onShare(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(refusal(request.status, request.responseText));
    });
    request.addEventListener("error", () => reject(new Refusal(NO_ANSWER)));
    request.addEventListener("abort", () => reject(new Refusal("Cancelled before it was sent.", { code: "cancelled" })));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Follow an assessment until it ends: `on.change`, `on.end` with the resource, `on.gone`. Returns how to stop. */
export function follow(resource, on) {
  const events = new EventSource(resource.links.events);
  let timer = 0, ended = false;
  const end = (then) => {
    if (ended) return;
    ended = true;
    events.close();
    clearTimeout(timer);
    then?.();
  };
  const poll = async () => {
    try {
      const now = await ask(resource.links.self);
      if (isFinal(now)) end(() => on.end(now));
      else if (!ended) on.change(now);
    } catch (error) {
      if (error.status === 404) end(on.gone);
    }
    if (!ended) timer = setTimeout(poll, POLL_MS);
  };
  events.addEventListener("progress", (event) => on.change(JSON.parse(event.data)));
  events.addEventListener("end", (event) => end(() => on.end(JSON.parse(event.data))));
  events.addEventListener("gone", () => end(on.gone));
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED && !ended) timer = setTimeout(poll, POLL_MS);
  });
  return () => end();
}

function refusal(status, text) {
  let problem = null;
  try {
    problem = JSON.parse(text);
  } catch { /* no problem document: the status has to do */ }
  const detail = problem?.detail ?? `The server refused (${status}): load the page again, and look at the server's own messages.`;
  return new Refusal(detail, { status, code: problem?.code ?? "" });
}
