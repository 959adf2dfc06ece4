// The running test on the screen: picture, big angle, checks, cues, what has been captured.
import { draw } from "./draw.js";
import { byId, element, tell } from "./element.js";
import { CHECKS, CHECKS_HELPED, STAGES, capital, degrees } from "./words.js";

const PREPARING = ["placing", "ready", "countdown"];
const ASK_WHO = "Somebody else in the picture, too? Before the test begins, a tap on the knees says who is tested.";
const POINTED = "Who is nearest to where you tapped is tested.";

export class Stage {
  constructor(start, mirrored, cues) {
    Object.assign(this, { start, mirrored, cues, said: 0, counted: null, phase: null, checks: new Map() });
    byId("cue").textContent = "Getting ready …";
    byId("dial-angle").textContent = "–";
    byId("dial-side").textContent = capital(start.sides[0]);
    byId("tilt").textContent = "";
    byId("working").hidden = true;
    byId("count").hidden = true;
    byId("go").hidden = true;
    byId("skip").hidden = start.sides.length < 2;
    byId("test").classList.remove("running", "calculating");
    byId("test").dataset.side = start.sides[0];
    delete byId("test").dataset.phase;
    byId("who-note").textContent = ASK_WHO;
    byId("who-note").hidden = false;
    this.note(null);
    this.listChecks();
    this.showSound();
    this.showPips({ left: [], right: [] }, start.sides[0]);
  }

  listChecks() {
    for (const [code, label] of Object.entries(this.start.effort === "passive" ? CHECKS_HELPED : CHECKS)) {
      const state = element("span", { class: "hidden-text" }, "not yet: "), advice = element("span", { class: "advice" });
      const item = element("li", { "data-code": code }, element("span", { class: "lamp", "aria-hidden": "true" }), element("span", {}, state, label, advice));
      this.checks.set(code, { item, state, advice });
    }
    byId("checks").replaceChildren(...[...this.checks.values()].map((check) => check.item));
  }

  /** Whether a leg has been asked to move. */
  get begun() { return this.phase !== null && !PREPARING.includes(this.phase); }

  /** Whether something was held so far. */
  get some() { return Object.values(this.captured ?? {}).some((angles) => angles.length > 0); }

  /** Show a sentence over the picture; one that concerns a single moment goes by itself. */
  note(sentence, lastMs = 0) {
    clearTimeout(this.noteTimer);
    tell(byId("link-note"), sentence);
    if (lastMs) this.noteTimer = setTimeout(() => this.note(null), lastMs);
  }

  /** Say that a tap was heard. */
  pointedAt() { byId("who-note").textContent = POINTED; }

  /** Show one reading. */
  reading(reading) {
    const { coach } = reading;
    draw(byId("overlay"), reading, { mirrored: this.mirrored, side: coach.side });
    byId("dial-angle").textContent = degrees(reading[`${coach.side}_deg`]);
    byId("tilt").textContent = reading.roll_deg === null ? "" : `The device feels a camera tilt of ${degrees(reading.roll_deg)}; it is taken out.`;
    this.coach(coach);
  }

  coach(coach) {
    byId("dial-side").textContent = capital(coach.side);
    byId("test").dataset.side = coach.side;
    byId("held").setAttribute("stroke-dasharray", `${Math.round(coach.hold_share * 100)} 100`);
    this.showPhase(coach);
    this.showChecks(coach.checks);
    this.showCount(coach);
    this.showPips(coach.captured, coach.side);
    if (coach.say && coach.say.n > this.said) {
      this.said = coach.say.n;
      this.say(coach.say.text);
    }
  }

  say(text) {
    byId("cue").textContent = text;
    this.cues.say(text);
  }

  showPhase({ phase, side }) {
    if (phase === this.phase) return;
    if (this.phase === "countdown" && phase === "rest") this.cues.tone("start");
    this.phase = phase;
    byId("test").dataset.phase = phase;
    byId("test").classList.toggle("running", !PREPARING.includes(phase));
    byId("go").hidden = this.start.hands_free || phase !== "ready";
    byId("who-note").hidden = this.begun;
    byId("skip").hidden = this.start.sides.length < 2 || side === this.start.sides.at(-1);
  }

  showChecks(checks) {
    for (const { code, ok, advice } of checks) {
      const shown = this.checks.get(code);
      if (!shown) continue;
      shown.item.classList.toggle("ok", ok);
      shown.state.textContent = ok ? "in order: " : "not yet: ";
      if (shown.advice.textContent !== advice) shown.advice.textContent = advice;
    }
  }

  showCount({ countdown_s: left }) {
    const count = left === null ? null : Math.max(1, Math.ceil(left));
    if (count === this.counted) return;
    this.counted = count;
    byId("count").hidden = count === null;
    byId("count").textContent = count ?? "";
    if (count !== null) this.cues.tone("count");
  }

  showPips(captured, side) {
    const key = JSON.stringify([captured, side]);
    if (key === this.pipsKey) return;
    this.pipsKey = key;
    this.captured = captured;
    byId("pips").replaceChildren(...this.start.sides.map((own) => {
      const pips = Array.from({ length: this.start.trials }, (_, k) => {
        const angle = captured[own][k];
        return element("li", { class: angle === undefined ? "pip" : "pip full" }, angle === undefined ? "" : degrees(angle));
      });
      const done = `${Math.min(captured[own].length, this.start.trials)} of ${this.start.trials}`;
      return element("div", { class: `pip-row ${own}${own === side ? " mine" : ""}` }, element("span", {}, `${capital(own)} ${done}`), element("ol", { "aria-label": `${capital(own)} leg, captured holds` }, pips));
    }));
  }

  holdCaptured() {
    this.cues.tone("captured");
    byId("dial").classList.remove("pulse");
    void byId("dial").offsetWidth; // starts the pulse anew
    byId("dial").classList.add("pulse");
  }

  working({ stage, n_done: done, n_total: total }) {
    byId("test").classList.add("calculating");
    const words = stage === "asking" ? STAGES.asking : `${STAGES[stage] ?? stage} …`;
    if (byId("cue").textContent !== words) byId("cue").textContent = words;
    byId("working").hidden = false;
    if (done && total) Object.assign(byId("working-bar"), { max: total, value: done });
    else byId("working-bar").removeAttribute("value");
  }

  showSound() {
    byId("sound").textContent = this.cues.heard ? "Switch sound off" : "Switch sound on";
    // where the page speaks, a screen reader need not say it a second time
    byId("cue").setAttribute("aria-live", this.cues.speaks ? "off" : "polite");
  }
}
