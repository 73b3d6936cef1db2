import { join } from "node:path";
import type { ModelManifest } from "@berth/contract";
import { clean } from "../domain/clean";
import { softmax } from "../domain/softmax";
import type { InferenceRuntime } from "../ports/inference-runtime";
import { ModelRefusedError } from "../ports/model-registry";
import type { VerifiedModel } from "../ports/model-registry";
import type { Tokenizer } from "../ports/tokenizer";
import type { Setup } from "../inference/protocol";

/** How an inference process is set up for a verified model. */
export function inferenceSetup(
  { folder, manifest }: VerifiedModel,
  threads: number,
): Omit<Setup, "kind"> {
  return {
    modelFile: join(folder, "model.onnx"),
    modelSha256: manifest.files["model.onnx"].sha256,
    inputs: manifest.inputs,
    output: manifest.output,
    padId: manifest.tokens.pad,
    threads,
  };
}

/**
 * Answers the manifest's golden inputs and compares: the files may be right and the machine still compute otherwise.
 *
 * @throws {ModelRefusedError} naming the first score that differs by more than the manifest's tolerance
 */
export async function checkGolden(
  manifest: ModelManifest,
  tokenizer: Tokenizer,
  runtime: InferenceRuntime,
): Promise<void> {
  for (const [i, golden] of manifest.golden.entries()) {
    const { ids } = await tokenizer.encode(clean(golden.text));
    const [logits] = await runtime.run([ids]);
    const scores = softmax(logits!, manifest.temperature);
    if (scores.length !== manifest.labels.length)
      throw new ModelRefusedError(
        `the model gives ${scores.length} scores, but its manifest names ${manifest.labels.length} labels`,
      );
    manifest.labels.forEach((label, index) => {
      const expected = golden.scores[label]!;
      const actual = scores[index]!;
      if (!(Math.abs(actual - expected) <= manifest.goldenTolerance))
        throw new ModelRefusedError(
          `golden input ${i} scores ${label} ${actual.toFixed(4)}, expected ${expected.toFixed(4)} ` +
            `within ${manifest.goldenTolerance}`,
        );
    });
  }
}
