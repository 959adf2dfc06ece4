// What would be lost when the page goes away: reload, a closed tab and another address ask first.
const asks = [];

/** Have the browser ask before it leaves the page while `loses()` is true. */
export function askBeforeLeaving(loses) { asks.push(loses); }

window.addEventListener("beforeunload", (event) => {
  if (asks.some((loses) => loses())) event.preventDefault();
});
