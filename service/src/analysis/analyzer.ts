import type { AnalyzeResponse, HistoryEntry } from "@berth/contract";
import { latencyBudget, maxTextCharacters } from "@berth/contract";
import pLimit from "p-limit";
import { v7 as uuidv7 } from "uuid";
import { clean } from "../domain/clean";
import { ServiceError } from "../domain/service-error";
import { softmax } from "../domain/softmax";
import type { Clock } from "../ports/clock";
import { InferenceProcessError } from "../ports/inference-runtime";
import type { Tokenizer } from "../ports/tokenizer";
import { servedLabels } from "./served-model";
import type { ServedModel } from "./served-model";

/**
 * Texts that are tokenized at once. Each takes a thread and, for the longest, tens of MiB; a text of usual length takes a
 * tenth of a millisecond, so more would gain nothing.
 */
const maxEncodes = 2;

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
  private readonly tokenizing = pLimit(maxEncodes);

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
    const deadline = arrivedAt + latencyBudget.requestDeadlineMs;
    const release = model.queue.reserve();
    let prepared;
    try {
      prepared = await this.prepare(text, model.tokenizer, deadline, signal);
    } finally {
      release();
    }
    const { tokenized, cleanMs, tokenizeMs } = prepared;
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
        clean: milliseconds(cleanMs),
        tokenize: milliseconds(tokenizeMs),
        queue: milliseconds(inference.queueMs),
        infer: milliseconds(inference.inferMs),
        total: milliseconds(clock.now() - arrivedAt),
      },
    };
    record({ ...answer, text, createdAt: clock.date().toISOString() });
    return answer;
  }

  /** Cleans and tokenizes; the wait for the tokenizer counts as tokenizing. */
  private async prepare(
    text: string,
    tokenizer: Tokenizer,
    deadline: number,
    signal?: AbortSignal,
  ) {
    const { clock } = this.options;
    const cleaningAt = clock.now();
    // NFKC can make a text eighteen times as long; the model reads far less than what is left.
    const cleaned = clean(text).slice(0, maxTextCharacters);
    if (cleaned === "")
      throw new ServiceError("text_empty", {
        details: [
          { path: "text", message: "holds nothing but markup, white space or control characters" },
        ],
      });
    const tokenizingAt = clock.now();
    const tokenized = await this.tokenizing(() => {
      signal?.throwIfAborted();
      if (clock.now() >= deadline) throw new ServiceError("deadline_exceeded");
      return tokenizer.encode(cleaned);
    });
    return {
      tokenized,
      cleanMs: tokenizingAt - cleaningAt,
      tokenizeMs: clock.now() - tokenizingAt,
    };
  }
}

/** Microsecond resolution is enough, and short in JSON. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
