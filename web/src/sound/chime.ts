/** Three soft notes of a major chord, upwards: C5, E5, G5 (Hz). */
const NOTES = [523.25, 659.26, 783.99];
const APART_S = 0.22;
const RING_S = 1.1;

/** Plays a short, friendly sound. Resolves when it has ended. */
export function playChime(context: AudioContext): Promise<void> {
  const begin = context.currentTime + 0.03;
  const out = context.createGain();
  out.gain.value = 0.32;
  out.connect(context.destination);
  return new Promise((resolve) => {
    NOTES.forEach((frequency, i) => {
      const at = begin + i * APART_S;
      // A little of the octave above, dying sooner, makes a sine sound struck.
      for (const [partial, loudness, ring] of [
        [1, 0.8, RING_S],
        [2, 0.14, RING_S / 2],
      ] as const) {
        const tone = context.createOscillator();
        const envelope = context.createGain();
        tone.frequency.value = frequency * partial;
        envelope.gain.setValueAtTime(0, at);
        envelope.gain.linearRampToValueAtTime(loudness, at + 0.015);
        envelope.gain.exponentialRampToValueAtTime(0.0008, at + ring);
        tone.connect(envelope).connect(out);
        tone.start(at);
        tone.stop(at + ring + 0.05);
        if (i === NOTES.length - 1 && partial === 1) {
          tone.onended = () => {
            out.disconnect();
            resolve();
          };
        }
      }
    });
  });
}
