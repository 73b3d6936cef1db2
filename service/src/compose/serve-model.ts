import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Settings } from "@berth/contract";
import { HuggingFaceTokenizer } from "../adapters/huggingface-tokenizer";
import { ProcessInferenceRuntime } from "../adapters/process-inference-runtime";
import type { RestartCause } from "../adapters/process-inference-runtime";
import { servedLabels } from "../analysis/served-model";
import type { ServedModel } from "../analysis/served-model";
import { InferenceQueue } from "../inference/inference-queue";
import type { BatchReport } from "../inference/inference-queue";
import { checkGolden, inferenceSetup } from "../model/load-model";
import type { Clock } from "../ports/clock";
import type { VerifiedModel } from "../ports/model-registry";

/** Texts in one batch at most: beyond, a batch of short texts keeps the next ones waiting for little gain. */
const maxBatchTexts = 16;

/** Threads of one session. More threads than free cores spin against each other; processes scale instead. */
const threadsPerProcess = 1;

export interface ServeModelOptions {
  readonly settings: Pick<Settings, "INFERENCE_PROCESSES" | "QUEUE_LIMIT" | "BATCH_TOKENS">;
  readonly clock: Clock;
  readonly onBatch: (report: BatchReport) => void;
  readonly onRestart: (cause: RestartCause, message: string) => void;
}

/**
 * Loads a verified model: tokenizer, inference processes, first batch, golden inputs. Nothing is left running if it
 * fails.
 *
 * @throws {ModelRefusedError} if it does not answer as its manifest says
 */
export async function serveModel(
  verified: VerifiedModel,
  options: ServeModelOptions,
): Promise<ServedModel> {
  const { settings, clock, onBatch, onRestart } = options;
  const { manifest, manifestSha256, folder } = verified;
  servedLabels(manifest);
  const runtime = new ProcessInferenceRuntime({
    entryFile: join(__dirname, "inference-process.js"),
    processes: settings.INFERENCE_PROCESSES ?? availableParallelism(),
    setup: inferenceSetup(verified, threadsPerProcess),
    onRestart,
  });
  try {
    const [tokenizer] = await Promise.all([
      HuggingFaceTokenizer.load(folder, manifest),
      runtime.start(),
    ]);
    await checkGolden(manifest, tokenizer, runtime);
    const queue = new InferenceQueue({
      runtime,
      clock,
      limit: settings.QUEUE_LIMIT,
      maxTokens: settings.BATCH_TOKENS,
      maxTexts: maxBatchTexts,
      onBatch,
    });
    return { manifest, manifestSha256, tokenizer, runtime, queue };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
