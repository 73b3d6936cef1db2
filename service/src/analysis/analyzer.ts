import { setImmediate as nextTurn } from "node:timers/promises";
import type { AnalyzeResponse, AnswerStage, HistoryEntry, Lane } from "@berth/contract";
import { maxTextCharacters } from "@berth/contract";
import pLimit from "p-limit";
import { newId } from "../domain/new-id";
import { cleanAndCut } from "../domain/clean-and-cut";
import { ServiceError } from "../domain/service-error";
import { softmax } from "../domain/softmax";
import type { Inference } from "../inference/inference-queue";
import type { Clock } from "../ports/clock";
import { InferenceProcessError } from "../ports/inference-runtime";
import type { TextCleaner } from "../ports/text-cleaner";
import type { TokenizedText } from "../ports/tokenizer";
import type { RequestTrace } from "../ports/tracer";
import { AnswerCache } from "./answer-cache";
import type { Prediction } from "./answer-cache";
import { servedLabels } from "./served-model";
import type { ServedModel } from "./served-model";

/**
 * Texts that are tokenized at once. Each takes a thread and, for the longest, tens of MiB; a text of usual length takes a
 * tenth of a millisecond, so more would gain nothing. Bulk texts wait for one another and never for or before single ones.
 */
const maxEncodes = { interactive: 2, bulk: 1 } as const satisfies Record<Lane, number>;

/** The right to put work into one text, with the model that will answer it. */
export interface Place {
  readonly lane: Lane;
  readonly model: ServedModel;
  /** Gives the place back; called twice, it does so once. */
  release(): void;
}

/** What one analysis needs beside its text. */
export interface AnalysisContext {
  /** When the text arrived, on the clock's scale. */
  readonly arrivedAt: number;
  /** When its answer is due, on the clock's scale; `Infinity` where nobody counts on it by a time. */
  readonly deadline: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal?: AbortSignal;
  /** Told of each stage, where the request is traced. */
  readonly trace?: RequestTrace | undefined;
  /** A place of {@link Analyzer.takePlace}, which the analysis gives back. @default one of a single request */
  readonly place?: Place;
}

export interface AnalyzerOptions {
  readonly clock: Clock;
  /** The model, once it is ready and while the service takes traffic. */
  readonly tryModel: () => ServedModel | undefined;
  /** Takes the entry for the history; must neither throw nor wait. */
  readonly record: (entry: HistoryEntry, trace?: RequestTrace) => void;
  /** Told of each answer how many of its text's tokens the vocabulary lacks, and of how many; special tokens apart. */
  readonly onTokens?: ((unknown: number, words: number) => void) | undefined;
  /** @default every text is cleaned on the event loop, whatever its length */
  readonly cleaner?: TextCleaner | undefined;
  /** Waits while the history is behind, for a bounded time. Bulk texts do so, single requests never. */
  readonly letHistoryCatchUp?: (() => Promise<void> | undefined) | undefined;
  /** @default every text is inferred */
  readonly cache?: AnswerCache | undefined;
}

/** Milliseconds of each stage; 0 for one that was not needed. */
type StageTimes = Record<AnswerStage, number>;

/** The path of every text, alone, in a batch or in a stream: clean, look up, tokenize, queue, infer, answer, record. */
export class Analyzer {
  private readonly tokenizing = {
    interactive: pLimit(maxEncodes.interactive),
    bulk: pLimit(maxEncodes.bulk),
  };
  private readonly turns = pLimit(1);

  constructor(private readonly options: AnalyzerOptions) {}

  /** @throws {ServiceError} `not_ready` while there is no model */
  assertReady(): void {
    this.model();
  }

  /**
   * Waits for a place in the bulk lane, first come first served, and for the history, so that a stream does not outrun
   * it: answers that come out of the cache are quicker than any disk.
   *
   * @throws {ServiceError} `not_ready`
   * @throws the signal's reason
   */
  async takePlace(signal: AbortSignal): Promise<Place> {
    const model = this.model();
    const release = await model.queue.place(signal);
    await this.options.letHistoryCatchUp?.();
    if (signal.aborted) {
      release();
      throw signal.reason;
    }
    return { lane: "bulk", model, release };
  }

  /**
   * Classifies a text.
   *
   * @throws {ServiceError} `not_ready`, `queue_full`, `text_empty`, `deadline_exceeded`, `inference_failed`
   * @throws the signal's reason
   */
  async analyze(text: string, context: AnalysisContext): Promise<AnalyzeResponse> {
    const { place = this.reserve() } = context;
    const times: StageTimes = { clean: 0, tokenize: 0, queue: 0, infer: 0 };
    try {
      const prediction = await this.predict(text, place, context, times);
      // Nobody is there for the answer, so there is none to record or to count.
      context.signal?.throwIfAborted();
      return this.answer(text, prediction, place.model, context, times);
    } finally {
      place.release();
    }
  }

  private model(): ServedModel {
    const model = this.options.tryModel();
    if (model === undefined) throw new ServiceError("not_ready");
    return model;
  }

  private reserve(): Place {
    const model = this.model();
    return { lane: "interactive", model, release: model.queue.reserve() };
  }

  private async predict(
    text: string,
    place: Place,
    context: AnalysisContext,
    times: StageTimes,
  ): Promise<Prediction> {
    const { cache } = this.options;
    const { model } = place;
    if (place.lane === "bulk") await this.turn();
    const cleaned = await this.clean(text, context, times);
    context.signal?.throwIfAborted();
    const key = cache && AnswerCache.keyOf(model.manifestSha256, cleaned);
    const known = key && cache?.tryGet(key);
    if (known !== undefined) return known;

    const tokenized = await this.tokenize(cleaned, place, context, times);
    const inference = await this.infer(tokenized, place, context, times);
    const prediction: Prediction = {
      probabilities: softmax(inference.logits, model.manifest.temperature),
      totalTokens: tokenized.total,
      usedTokens: tokenized.ids.length,
      unknownTokens: count(tokenized.ids, model.manifest.tokens.unk),
    };
    if (key !== undefined) cache?.set(key, prediction);
    return prediction;
  }

  /** One bulk text a turn of the event loop, so that a batch's cleaning never stands in the way of other requests. */
  private turn(): Promise<void> {
    return this.turns(() => nextTurn());
  }

  private async clean(
    text: string,
    { deadline, signal, trace }: AnalysisContext,
    times: StageTimes,
  ): Promise<string> {
    const { clock, cleaner } = this.options;
    const startedAt = clock.now();
    const cleaned =
      cleaner === undefined
        ? cleanAndCut(text, maxTextCharacters)
        : await cleaner.clean(text, { deadline, signal });
    const endedAt = clock.now();
    times.clean = endedAt - startedAt;
    trace?.stage({ name: "clean", from: startedAt, to: endedAt });
    if (cleaned === "")
      throw new ServiceError("text_empty", {
        details: [
          { path: "text", message: "holds nothing but markup, white space or control characters" },
        ],
      });
    return cleaned;
  }

  /** The wait for the tokenizer counts as tokenizing. */
  private async tokenize(
    cleaned: string,
    { lane, model }: Place,
    { deadline, signal, trace }: AnalysisContext,
    times: StageTimes,
  ): Promise<TokenizedText> {
    const { clock } = this.options;
    const startedAt = clock.now();
    const tokenized = await this.tokenizing[lane](() => {
      signal?.throwIfAborted();
      if (clock.now() >= deadline) throw new ServiceError("deadline_exceeded");
      return model.tokenizer.encode(cleaned);
    });
    const endedAt = clock.now();
    times.tokenize = endedAt - startedAt;
    trace?.stage({ name: "tokenize", from: startedAt, to: endedAt });
    return tokenized;
  }

  private async infer(
    { ids }: TokenizedText,
    place: Place,
    { deadline, signal, trace }: AnalysisContext,
    times: StageTimes,
  ): Promise<Inference> {
    const { clock } = this.options;
    const { lane, model } = place;
    const queuedAt = clock.now();
    // From here on the queue itself counts a single request.
    if (lane === "interactive") place.release();
    const ask = () => model.queue.infer(ids, { deadline, signal, lane });
    let inference: Inference;
    try {
      inference = await ask().catch((error: unknown) => {
        // A client of one text repeats it by itself; a batch or stream would have to be taken apart for that.
        if (lane === "bulk" && error instanceof InferenceProcessError) return ask();
        throw error;
      });
    } catch (error) {
      const known =
        error instanceof InferenceProcessError
          ? new ServiceError("inference_failed", { cause: error })
          : error;
      trace?.stage({
        name: "queue",
        from: queuedAt,
        to: clock.now(),
        error: known instanceof ServiceError ? known.code : "internal",
      });
      throw known;
    }
    const { queueMs, inferMs, batch } = inference;
    times.queue = queueMs;
    times.infer = inferMs;
    if (trace !== undefined) {
      const takenAt = queuedAt + queueMs;
      trace.stage({ name: "queue", from: queuedAt, to: takenAt });
      trace.stage({ name: "infer", from: takenAt, to: takenAt + inferMs, batch });
    }
    return inference;
  }

  private answer(
    text: string,
    { probabilities, totalTokens, usedTokens, unknownTokens }: Prediction,
    { manifest }: ServedModel,
    { arrivedAt, trace }: AnalysisContext,
    times: StageTimes,
  ): AnalyzeResponse {
    const { clock, record, onTokens } = this.options;
    const scores = servedLabels(manifest)
      .map((label, i) => ({ label, score: probabilities[i]! }))
      .sort((a, b) => b.score - a.score);
    const best = scores[0]!;
    const answer: AnalyzeResponse = {
      id: newId(),
      label: best.label,
      confidence: best.score,
      unsure: best.score < manifest.unsureBelow,
      scores,
      model: { name: manifest.name, version: manifest.version },
      tokens: { total: totalTokens, used: usedTokens },
      truncated: totalTokens > usedTokens,
      timingsMs: {
        clean: milliseconds(times.clean),
        tokenize: milliseconds(times.tokenize),
        queue: milliseconds(times.queue),
        infer: milliseconds(times.infer),
        total: milliseconds(clock.now() - arrivedAt),
      },
    };
    onTokens?.(unknownTokens, usedTokens - specialTokens);
    record({ ...answer, text, createdAt: clock.date().toISOString() }, trace);
    return answer;
  }
}

/** Tokens that the tokenizer puts around a text: `[CLS]` and `[SEP]`. */
const specialTokens = 2;

function count(ids: Int32Array, wanted: number): number {
  let found = 0;
  for (const id of ids) if (id === wanted) found++;
  return found;
}

/** Microsecond resolution is enough, and short in JSON. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
