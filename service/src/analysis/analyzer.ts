import type { AnalyzeResponse, HistoryEntry } from "@berth/contract";
import { latencyBudget } from "@berth/contract";
import { v7 as uuidv7 } from "uuid";
import { clean } from "../domain/clean";
import { ServiceError } from "../domain/service-error";
import { softmax } from "../domain/softmax";
import type { Clock } from "../ports/clock";
import { InferenceProcessError } from "../ports/inference-runtime";
import { servedLabels } from "./served-model";
import type { ServedModel } from "./served-model";

/** What one analysis needs beside its text. */
export interface AnalysisContext {
  /** When the request arrived, on the clock's scale. */
  readonly arrivedAt: number;
  /** Aborts when the client left. */
  readonly signal?: AbortSignal;
}

export interface AnalyzerOptions {
  readonly clock: Clock;
  /** The model, once it is ready and while the service takes traffic. */
  readonly tryModel: () => ServedModel | undefined;
  /** Takes the entry for the history; must neither throw nor wait. */
  readonly record: (entry: HistoryEntry) => void;
}

/** The request path: clean, tokenize, queue, infer, answer, record. */
export class Analyzer {
  constructor(private readonly options: AnalyzerOptions) {}

  /**
   * Classifies a text.
   *
   * @throws {ServiceError} `not_ready`, `queue_full`, `text_empty`, `deadline_exceeded`, `inference_failed`
   */
  async analyze(text: string, { arrivedAt, signal }: AnalysisContext): Promise<AnalyzeResponse> {
    const { clock, record } = this.options;
    const model = this.options.tryModel();
    if (model === undefined) throw new ServiceError("not_ready");
    model.queue.admit();

    const cleaningAt = clock.now();
    const cleaned = clean(text);
    if (cleaned === "")
      throw new ServiceError("text_empty", {
        details: [
          { path: "text", message: "holds nothing but markup, white space or control characters" },
        ],
      });
    const tokenizingAt = clock.now();
    const tokenized = await model.tokenizer.encode(cleaned);
    const queuedAt = clock.now();
    const deadline = arrivedAt + latencyBudget.requestDeadlineMs;
    const inference = await model.queue
      .infer(tokenized.ids, deadline, signal)
      .catch((error: unknown) => {
        if (error instanceof InferenceProcessError)
          throw new ServiceError("inference_failed", { cause: error });
        throw error;
      });

    const { manifest } = model;
    const probabilities = softmax(inference.logits, manifest.temperature);
    const scores = servedLabels(manifest)
      .map((label, i) => ({ label, score: probabilities[i]! }))
      .sort((a, b) => b.score - a.score);
    const best = scores[0]!;
    const answer: AnalyzeResponse = {
      id: uuidv7(),
      label: best.label,
      confidence: best.score,
      unsure: best.score < manifest.unsureBelow,
      scores,
      model: { name: manifest.name, version: manifest.version },
      tokens: { total: tokenized.total, used: tokenized.ids.length },
      truncated: tokenized.total > tokenized.ids.length,
      timingsMs: {
        clean: milliseconds(tokenizingAt - cleaningAt),
        tokenize: milliseconds(queuedAt - tokenizingAt),
        queue: milliseconds(inference.queueMs),
        infer: milliseconds(inference.inferMs),
        total: milliseconds(clock.now() - arrivedAt),
      },
    };
    record({ ...answer, text, createdAt: clock.date().toISOString() });
    return answer;
  }
}

/** Microsecond resolution is enough, and short in JSON. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
