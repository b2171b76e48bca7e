// Three tones and vibrations, without files; the first key or tap wakes the sound.
const PATTERNS = {
  good: { beeps: [[880, 0, 80]], type: 'sine', vibrate: [40] },
  warn: { beeps: [[440, 0, 120], [440, 200, 120]], type: 'sine', vibrate: [80, 40, 80] },
  bad: { beeps: [[196, 0, 450]], type: 'square', vibrate: [120, 60, 120, 60, 120] },
  waiting: { beeps: [[1320, 0, 15]], type: 'sine', vibrate: [10] },
};
let audio;

for (const kind of ['keydown', 'pointerdown']) {
  addEventListener(kind, () => {
    audio ??= new AudioContext();
    if (audio.state === 'suspended') audio.resume();
  }, { passive: true });
}

export function signal(tone) {
  const pattern = PATTERNS[tone];
  if (!pattern) return;
  navigator.vibrate?.(pattern.vibrate);
  if (audio?.state !== 'running' || localStorage.getItem('sound') === 'off') return;
  for (const [frequency, after, length] of pattern.beeps) {
    const oscillator = new OscillatorNode(audio, { frequency, type: pattern.type });
    const volume = new GainNode(audio, { gain: tone === 'waiting' ? 0.05 : 0.25 });
    oscillator.connect(volume).connect(audio.destination);
    const start = audio.currentTime + after / 1000;
    oscillator.start(start);
    oscillator.stop(start + length / 1000);
  }
}
