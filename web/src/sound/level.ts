/** Softest and loudest level the meters tell apart, dB below full scale. */
const FLOOR_DB = -58;
const CEILING_DB = -12;

/** The root mean square of samples between −1 and 1, as a place between silence (0) and loud speech (1). */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

/** Reads how loud a sound is now; costs nothing while nobody reads. */
export class LevelMeter {
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(private readonly source: AudioNode) {
    this.analyser = source.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    source.connect(this.analyser);
  }

  /** 0 (silence) to 1 (loud). */
  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return levelOf(this.samples);
  }

  close(): void {
    this.source.disconnect(this.analyser);
  }
}
