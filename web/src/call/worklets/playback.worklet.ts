/** PCM from the host, mono, s16le, 24 kHz, played in step. Messages: ArrayBuffer of samples, or "flush". */
import { JitterBuffer } from "../../sound/jitterBuffer.ts";
import { fromS16 } from "../../sound/pcm.ts";
import { Resampler } from "../../sound/resampler.ts";
import { type Processor, scope } from "./scope.ts";

const RATE = 24_000;

class Playback extends scope.AudioWorkletProcessor implements Processor {
  private readonly resampler = new Resampler(RATE, scope.sampleRate);
  private readonly buffer = new JitterBuffer(scope.sampleRate);

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ArrayBuffer | "flush">) => {
      if (data === "flush") this.buffer.flush();
      else this.buffer.push(this.resampler.process(fromS16(data)));
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const channels = outputs[0] ?? [];
    const first = channels[0];
    if (first === undefined) return true;
    this.buffer.read(first);
    for (const channel of channels.slice(1)) channel.set(first);
    return true;
  }
}

scope.registerProcessor("vivavoce-playback", Playback);
