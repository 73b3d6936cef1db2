import { hash } from "node:crypto";
import type { cacheOutcomes } from "@berth/contract";
import { LRUCache } from "lru-cache";

/** What a model says about a text: the part of an answer that is the same whenever it is asked. */
export interface Prediction {
  /** Calibrated, by logit: `[labels]`. */
  readonly probabilities: readonly number[];
  /** Tokens of the whole text, special tokens included. */
  readonly totalTokens: number;
  /** Tokens that the model saw. */
  readonly usedTokens: number;
  /** Of these, how many the vocabulary lacks. */
  readonly unknownTokens: number;
}

/** Name of a text under one model. It keeps nothing of the text. */
export type CacheKey = string & { readonly kind: "answer cache key" };

export interface AnswerCacheOptions {
  /** Memory that the entries may take, above 0. */
  readonly maxBytes: number;
  readonly onLookup?: (outcome: (typeof cacheOutcomes)[number]) => void;
}

/** Entries at most, whatever the memory: the cache's index is allocated for all of them at once, 2 MiB. */
const maxEntries = 65_536;

/**
 * Memory of one entry beside its probabilities, in bytes: key, object, array and the cache's own index, on a 64-bit
 * machine.
 *
 * @see service/test/answer-cache.test.ts, which holds it against the heap
 */
const entryBytes = 208;

/** Bytes of one number in an array. */
const numberBytes = 8;

/** Predictions of the texts that were asked for last, bounded in entries and in bytes. */
export class AnswerCache {
  private readonly predictions: LRUCache<CacheKey, Prediction>;

  constructor(private readonly options: AnswerCacheOptions) {
    this.predictions = new LRUCache({
      max: maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: ({ probabilities }) => entryBytes + probabilities.length * numberBytes,
    });
  }

  /**
   * A text's key under a model. Another model is another digest, so that no answer outlives the model that gave it.
   *
   * @param cleaned the text as the model reads it
   */
  static keyOf(manifestSha256: string, cleaned: string): CacheKey {
    return hash("sha256", `${manifestSha256}\n${cleaned}`, "base64") as CacheKey;
  }

  /** The prediction for a key, which is thereby the last to be forgotten. */
  tryGet(key: CacheKey): Prediction | undefined {
    const prediction = this.predictions.get(key);
    this.options.onLookup?.(prediction === undefined ? "miss" : "hit");
    return prediction;
  }

  set(key: CacheKey, prediction: Prediction): void {
    this.predictions.set(key, prediction);
  }

  get entries(): number {
    return this.predictions.size;
  }

  get bytes(): number {
    return this.predictions.calculatedSize;
  }
}
