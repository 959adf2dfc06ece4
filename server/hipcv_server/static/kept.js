// Answers that are kept on this device, so that each question is asked once.
const PREFIX = "hipcv.";

/** Return what was kept under a name, null where nothing was or where the browser keeps nothing. */
export function kept(name) {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Keep a word under a name, or forget it (null). */
export function keep(name, word) {
  try {
    if (word === null) window.localStorage.removeItem(PREFIX + name);
    else window.localStorage.setItem(PREFIX + name, word);
  } catch { /* a browser that keeps nothing is asked again */ }
}
