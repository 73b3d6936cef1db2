import { labels } from "@berth/contract";
import type { Label, ModelManifest } from "@berth/contract";
import type { InferenceQueue } from "../inference/inference-queue";
import type { InferenceRuntime } from "../ports/inference-runtime";
import { ModelRefusedError } from "../ports/model-registry";
import type { Tokenizer } from "../ports/tokenizer";

/** A model that is loaded, verified and warmed up, with what answers for it. */
export interface ServedModel {
  readonly manifest: ModelManifest;
  readonly manifestSha256: string;
  readonly tokenizer: Tokenizer;
  readonly runtime: InferenceRuntime;
  readonly queue: InferenceQueue;
}

/**
 * The manifest's labels as the contract's, by logit.
 *
 * @throws {ModelRefusedError} if the contract was made for other labels
 */
export function servedLabels(manifest: ModelManifest): readonly Label[] {
  if (manifest.labels.join("\n") !== labels.join("\n"))
    throw new ModelRefusedError(
      `${manifest.name} ${manifest.version} has the labels ${manifest.labels.join(", ")}, but this service was built ` +
        `for ${labels.join(", ")}: pin the model (npm run pin-model) and build again`,
    );
  return labels;
}
