import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { padBatch } from "./pad-batch";
import type { Setup } from "./protocol";

/** A model in ONNX Runtime. Running it blocks the thread that it runs on. */
export class OnnxSession {
  private constructor(
    private readonly session: InferenceSession,
    private readonly setup: Setup,
  ) {}

  /**
   * Loads the model and runs a first batch.
   *
   * @throws if the file's bytes are not those of its digest, or the graph is not the one that the manifest describes
   */
  static async load(setup: Setup): Promise<OnnxSession> {
    const bytes = await readFile(setup.modelFile);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== setup.modelSha256)
      throw new Error(`${setup.modelFile} has sha256 ${sha256}, expected ${setup.modelSha256}`);
    const session = await InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      intraOpNumThreads: setup.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
    });
    const missing = setup.inputs.filter((input) => !session.inputNames.includes(input));
    if (missing.length > 0 || !session.outputNames.includes(setup.output))
      throw new Error(
        `the graph has inputs ${session.inputNames.join(", ")} and outputs ${session.outputNames.join(", ")}, ` +
          `but the manifest names ${setup.inputs.join(", ")} and ${setup.output}`,
      );
    const loaded = new OnnxSession(session, setup);
    await loaded.run([new Int32Array(16).fill(setup.padId)]);
    return loaded;
  }

  /**
   * Runs one batch.
   *
   * @param batch token ids of each text
   * @returns logits of each text, float32 `[labels]`
   */
  async run(batch: readonly Int32Array[]): Promise<Float32Array[]> {
    const { session, setup } = this;
    const padded = padBatch(batch, setup.padId);
    const shape = [padded.texts, padded.length];
    const values: Record<string, BigInt64Array> = {
      input_ids: padded.ids,
      attention_mask: padded.mask,
      token_type_ids: padded.types,
    };
    const feeds = Object.fromEntries(
      setup.inputs.map((name) => [name, new Tensor("int64", values[name]!, shape)]),
    );
    const output = (await session.run(feeds))[setup.output]!;
    const data = output.data as Float32Array;
    const labels = output.dims[1]!;
    return batch.map((_, i) => data.slice(i * labels, (i + 1) * labels));
  }
}
