/** The names an audio worklet finds in its own scope; TypeScript's DOM library leaves them out. */
export interface Processor {
  readonly port: MessagePort;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

interface Scope {
  /** Hz. */
  sampleRate: number;
  AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(name: string, processor: new () => Processor): void;
}

export const scope = globalThis as unknown as Scope;
