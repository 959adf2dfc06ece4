// The server's REST interface; every refusal is one sentence.
export const BASE = "/api/v1";

export class Refusal extends Error {}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, options);
  } catch {
    throw new Refusal("The server does not answer: is hipcv still running?");
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refusal(body?.detail ?? `The server refused (${answer.status}).`);
  return body;
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function tell(sentence) {
  const box = document.getElementById("problem");
  box.textContent = sentence ?? "";
  box.hidden = !sentence;
}
