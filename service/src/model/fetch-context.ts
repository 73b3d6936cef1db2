import type { Clock } from "../ports/clock";
import type { FetchEvent } from "./fetch-event";
import type { ObjectSource } from "./object-source";

/** How long and how often an object is asked for. */
export interface Patience {
  /** A connection over which less than 8 KiB a second came in so long is given up. */
  readonly stalledAfterMs: number;
  /** Tries of one object, the first included; each goes on where the one before broke off. */
  readonly tries: number;
  /** Longest pause before the second try, doubled each time, and before any. The pause is drawn from 0 up to it. */
  readonly delayMs: { readonly first: number; readonly most: number };
}

/** @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ for the full jitter */
export const defaultPatience: Patience = {
  stalledAfterMs: 15_000,
  tries: 8,
  delayMs: { first: 200, most: 10_000 },
};

/** Slower than this, another connection is likely to be faster; 25 MB would take an hour. */
export const minBytesPerSecond = 8 * 1024;

/** What fetching goes through and reports to. */
export interface FetchContext {
  readonly source: ObjectSource;
  readonly clock: Clock;
  readonly patience: Patience;
  /** Within [0, 1). */
  readonly random: () => number;
  readonly report: (event: FetchEvent) => void;
  readonly signal: AbortSignal;
}
