import type { InferenceRuntime } from "../../src/ports/inference-runtime";

interface Running {
  readonly batch: readonly Int32Array[];
  readonly resolve: (logits: Float32Array[]) => void;
  readonly reject: (error: Error) => void;
}

/** A runtime whose batches end when the test says so. The logits of a text are its token ids. */
export class FakeInferenceRuntime implements InferenceRuntime {
  readonly running: Running[] = [];
  /** Lengths of the texts of every batch so far. */
  readonly batches: number[][] = [];
  private listener = () => {};

  constructor(readonly processes: number) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  ready(): number {
    return this.processes;
  }

  idle(): number {
    return this.processes - this.running.length;
  }

  onIdle(listener: () => void): void {
    this.listener = listener;
  }

  run(batch: readonly Int32Array[]): Promise<Float32Array[]> {
    this.batches.push(batch.map((ids) => ids.length));
    return new Promise((resolve, reject) => this.running.push({ batch, resolve, reject }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends a batch. @param at its place among those that run; the one that runs for longest is the first */
  finish(error?: Error, at = 0): void {
    const { batch, resolve, reject } = this.running.splice(at, 1)[0]!;
    if (error === undefined) resolve(batch.map((ids) => this.logits(ids)));
    else reject(error);
    this.listener();
  }

  protected logits(ids: Int32Array): Float32Array {
    return Float32Array.from(ids);
  }
}
