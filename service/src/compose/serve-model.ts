import { join } from "node:path";
import type { Settings } from "@berth/contract";
import { HuggingFaceTokenizer } from "../adapters/huggingface-tokenizer";
import { ProcessInferenceRuntime } from "../adapters/process-inference-runtime";
import type { RestartCause } from "../adapters/process-inference-runtime";
import { sizeFor } from "../domain/sizing";
import type { ContainerLimits } from "../domain/sizing";
import { servedLabels } from "../analysis/served-model";
import type { ServedModel } from "../analysis/served-model";
import { InferenceQueue } from "../inference/inference-queue";
import type { BatchReport } from "../inference/inference-queue";
import { checkGolden, inferenceSetup } from "../model/load-model";
import type { Clock } from "../ports/clock";
import type { VerifiedModel } from "../ports/model-registry";

/** Texts in one batch at most: beyond, a batch of short texts keeps the next ones waiting for little gain. */
const maxBatchTexts = 16;

/** Threads of one session; processes scale instead. */
const threadsPerProcess = 1;

export interface ServeModelOptions {
  readonly settings: Pick<Settings, "INFERENCE_PROCESSES" | "QUEUE_LIMIT" | "BATCH_TOKENS">;
  /** What the service may use of its machine. */
  readonly limits: ContainerLimits;
  readonly clock: Clock;
  /** Something is too small: what, and what to change. */
  readonly onShortage: (message: string) => void;
  readonly onBatch: (report: BatchReport) => void;
  readonly onRestart: (cause: RestartCause, message: string) => void;
  /** Ends the loading: a process that hangs while it loads would keep the service from ending. */
  readonly signal: AbortSignal;
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
  const { settings, limits, clock, onShortage, onBatch, onRestart, signal } = options;
  const { manifest, manifestSha256, folder } = verified;
  servedLabels(manifest);
  const sizing = sizeFor(limits, manifest.files["model.onnx"].bytes);
  if (sizing.shortage !== undefined) onShortage(sizing.shortage);
  const runtime = new ProcessInferenceRuntime({
    entryFile: join(__dirname, "inference-process.js"),
    processes: settings.INFERENCE_PROCESSES ?? sizing.processes,
    setup: inferenceSetup(verified, threadsPerProcess),
    onRestart,
  });
  const end = () => void runtime.close();
  signal.addEventListener("abort", end, { once: true });
  try {
    signal.throwIfAborted();
    const [tokenizer] = await Promise.all([
      HuggingFaceTokenizer.load(folder, manifest),
      runtime.start(),
    ]);
    await checkGolden(manifest, tokenizer, runtime);
    const queue = new InferenceQueue({
      runtime,
      clock,
      limit: settings.QUEUE_LIMIT ?? sizing.queueLimit,
      maxTokens: settings.BATCH_TOKENS,
      maxTexts: maxBatchTexts,
      onBatch,
    });
    return { manifest, manifestSha256, tokenizer, runtime, queue };
  } catch (error) {
    await runtime.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
