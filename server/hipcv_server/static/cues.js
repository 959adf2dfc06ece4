// Spoken words and tones; each can be switched off.
const TONES = {
  count: [[520, 0, 0.09]],
  start: [[780, 0, 0.28]],
  captured: [[660, 0, 0.16], [990, 0.14, 0.3]],
  complete: [[523, 0, 0.18], [659, 0.16, 0.18], [784, 0.32, 0.4]],
  lost: [[330, 0, 0.2], [260, 0.2, 0.3]],
};
const LOUDNESS = 0.22;

// Some browsers also offer voices that send the text away to be spoken: those are never used.
function ownVoice() {
  const own = (window.speechSynthesis?.getVoices() ?? []).filter((voice) => voice.localService);
  return own.find((voice) => voice.lang.startsWith("en") && voice.default) ?? own.find((voice) => voice.lang.startsWith("en")) ?? null;
}

export class Cues {
  constructor({ voice, tones }) {
    this.voice = voice;
    this.tones = tones;
    this.context = null;
    ownVoice(); // some browsers load their voices only when asked
  }

  /** Whether words can be heard: switched on, and the device has a voice of its own. */
  get speaks() { return this.voice && ownVoice() !== null; }

  /** Whether anything is switched on. */
  get heard() { return this.voice || this.tones; }

  /** Let sound begin; browsers want this to come from a click. */
  async unlock() {
    if (this.tones && window.AudioContext) {
      this.context ??= new AudioContext();
      await Promise.race([this.context.resume().catch(() => {}), new Promise((done) => setTimeout(done, 300))]);
    }
    if (this.voice) this.utter(" ");
  }

  say(text) {
    if (this.voice && text) this.utter(text);
  }

  utter(text) {
    const own = ownVoice();
    if (!own) return;
    window.speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(text);
    words.voice = own;
    words.lang = own.lang;
    window.speechSynthesis.speak(words);
  }

  tone(name) {
    if (!this.tones || this.context?.state !== "running") return;
    for (const [hertz, delay, length] of TONES[name]) {
      const source = this.context.createOscillator(), gain = this.context.createGain();
      const from = this.context.currentTime + delay;
      source.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, from);
      gain.gain.exponentialRampToValueAtTime(LOUDNESS, from + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, from + length);
      source.connect(gain).connect(this.context.destination);
      source.start(from);
      source.stop(from + length);
    }
  }

  /** Switch voice and tones on or off together. */
  switch(on) {
    this.voice = on;
    this.tones = on;
    if (on) this.unlock();
    else window.speechSynthesis?.cancel();
  }

  close() {
    window.speechSynthesis?.cancel();
    this.context?.close().catch(() => {});
    this.context = null;
  }
}
