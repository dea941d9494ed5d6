/** The microphone as PCM: mono, s16le, 16 kHz, one message for each 20 ms. */
import { toS16 } from "../../sound/pcm.ts";
import { Resampler } from "../../sound/resampler.ts";
import { type Processor, scope } from "./scope.ts";

const RATE = 16_000;
const FRAME = RATE / 50;

class Capture extends scope.AudioWorkletProcessor implements Processor {
  private readonly resampler = new Resampler(scope.sampleRate, RATE);
  private readonly frame = new Float32Array(FRAME);
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    for (const sample of this.resampler.process(channel)) {
      this.frame[this.filled++] = sample;
      if (this.filled === FRAME) {
        const bytes = toS16(this.frame);
        this.port.postMessage(bytes, [bytes]);
        this.filled = 0;
      }
    }
    return true;
  }
}

scope.registerProcessor("vivavoce-capture", Capture);
