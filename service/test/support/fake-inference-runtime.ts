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

  constructor(private readonly processes: number) {}

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

  /** Ends the batch that runs for longest. */
  finish(error?: Error): void {
    const { batch, resolve, reject } = this.running.shift()!;
    if (error === undefined) resolve(batch.map((ids) => Float32Array.from(ids)));
    else reject(error);
    this.listener();
  }
}
