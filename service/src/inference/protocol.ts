// What the service and an inference process say to each other, over the channel of child_process.fork with
// `serialization: "advanced"`, which carries typed arrays as they are.

/** How an inference process is set up; its first message. */
export interface Setup {
  readonly kind: "setup";
  /** Path of model.onnx. */
  readonly modelFile: string;
  /** sha256 that the bytes must have which are loaded, not only those that were checked before. */
  readonly modelSha256: string;
  /** The graph's inputs. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** Id that fills up shorter texts. */
  readonly padId: number;
  /** Intra-op threads of the session. */
  readonly threads: number;
}

/** A batch to run. */
export interface RunBatch {
  readonly kind: "run";
  readonly id: number;
  /** Token ids of each text. */
  readonly batch: readonly Int32Array[];
}

/** From the service to the process. */
export type ToProcess = Setup | RunBatch;

/** From the process to the service. */
export type FromProcess =
  | { readonly kind: "ready" }
  /** Logits of each text, float32 `[labels]`. */
  | { readonly kind: "done"; readonly id: number; readonly logits: readonly Float32Array[] }
  | { readonly kind: "failed"; readonly id: number | null; readonly message: string };
