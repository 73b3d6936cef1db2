/** Runs batches of token ids through the model. A batch never runs on the thread that calls. */
export interface InferenceRuntime {
  /** Resolves when every process has loaded the model and answered a first batch. */
  start(): Promise<void>;
  /** Processes that there should be. */
  readonly processes: number;
  /** Processes that have loaded the model. */
  ready(): number;
  /** How many batches could start at once right now. */
  idle(): number;
  /**
   * Runs one batch. Call it only while {@link idle} is above 0.
   *
   * @param batch token ids of each text, of any lengths; padding is the runtime's
   * @returns logits of each text, float32 `[labels]`, in the batch's order
   * @throws {InferenceProcessError} if the process died, hung or could not compute
   */
  run(batch: readonly Int32Array[]): Promise<Float32Array[]>;
  /** Calls back whenever {@link idle} may have risen. */
  onIdle(listener: () => void): void;
  close(): Promise<void>;
}

/** The process that ran a batch failed; its batch is lost, and another process takes its place. */
export class InferenceProcessError extends Error {
  override readonly name = "InferenceProcessError";
}
