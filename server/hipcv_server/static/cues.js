// Tones and spoken words; both can be switched off.
let context = null;
export let enabled = true;

export function setEnabled(on) {
  enabled = on;
  if (on && !context && window.AudioContext) context = new AudioContext();
  if (!on) window.speechSynthesis?.cancel();
}

export function tone(hertz = 880, seconds = 0.18) {
  if (!enabled || !context) return;
  const source = context.createOscillator(), loudness = context.createGain();
  source.frequency.value = hertz;
  loudness.gain.setValueAtTime(0.0001, context.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.2, context.currentTime + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + seconds);
  source.connect(loudness).connect(context.destination);
  source.start();
  source.stop(context.currentTime + seconds);
}

export function speak(words) {
  if (!enabled || !window.speechSynthesis) return;
  window.speechSynthesis.cancel();
  const said = new SpeechSynthesisUtterance(words);
  said.lang = "en";
  window.speechSynthesis.speak(said);
}
