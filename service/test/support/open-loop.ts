import type { Answer } from "./keep-alive-client";

// Load with a schedule of its own: what is due is sent, whether or not earlier requests were answered, and a request's
// latency counts from when it was due. A generator that waits for answers sends less just when the service is slow, and so
// hides the waiting. @see https://github.com/giltene/wrk2#acknowledgements ("coordinated omission")

/** How requests follow each other at a mean rate. */
export type Arrivals = "even" | "poisson";

/** One request: when it was due, sent and answered, in milliseconds from the start of the load. */
export interface Sample extends Answer {
  readonly dueMs: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** Sends request number `index`; always resolves, with status 0 if there was no answer. */
export type Send = (index: number) => Promise<Answer>;

export interface OpenLoopOptions {
  readonly ratePerSecond: number;
  /** `Infinity`: until the signal. */
  readonly durationMs: number;
  readonly send: Send;
  /** `even`: one every 1/rate; `poisson`: as independent clients send, in bursts. @default even */
  readonly arrivals?: Arrivals;
  /**
   * What is due within so many milliseconds is sent together, at the end of them: at high rates a timer for each request
   * costs the generator more than the request. Latency counts from when each was due. @default 0
   */
  readonly tickMs?: number;
  /** Ends the load early. */
  readonly signal?: AbortSignal;
}

/** Sends at a fixed rate. @returns one sample a request, in the order in which they were due, once all were answered */
export async function openLoop(options: OpenLoopOptions): Promise<Sample[]> {
  const { ratePerSecond, durationMs, send, arrivals = "even", tickMs = 0, signal } = options;
  const meanGapMs = 1000 / ratePerSecond;
  const startedAt = performance.now();
  const sinceStart = () => performance.now() - startedAt;
  const samples: Promise<Sample>[] = [];
  let dueMs = 0;
  await new Promise<void>((resolve) => {
    const sendDue = () => {
      if (signal?.aborted) return resolve();
      for (; dueMs < durationMs && dueMs <= sinceStart(); dueMs += gap())
        samples.push(one(send, samples.length, dueMs, sinceStart));
      if (dueMs >= durationMs) resolve();
      else setTimeout(sendDue, Math.max(tickMs, dueMs - sinceStart()));
    };
    const gap = () => (arrivals === "even" ? meanGapMs : -Math.log(1 - Math.random()) * meanGapMs);
    sendDue();
  });
  return Promise.all(samples);
}

/** Keeps `width` requests in flight for a while. @returns one sample a request; what is due is when it was sent */
export async function closedLoop(options: {
  readonly width: number;
  readonly durationMs: number;
  readonly send: Send;
}): Promise<Sample[]> {
  const { width, durationMs, send } = options;
  const startedAt = performance.now();
  const sinceStart = () => performance.now() - startedAt;
  const samples: Sample[] = [];
  let next = 0;
  const worker = async () => {
    while (sinceStart() < durationMs)
      samples.push(await one(send, next++, sinceStart(), sinceStart));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return samples;
}

async function one(
  send: Send,
  index: number,
  dueMs: number,
  sinceStart: () => number,
): Promise<Sample> {
  const sentMs = sinceStart();
  const answer = await send(index);
  return { ...answer, dueMs, sentMs, answeredMs: sinceStart() };
}

/** From when a request was due to its answer, in milliseconds. */
export const latencyMs = ({ dueMs, answeredMs }: Sample): number => answeredMs - dueMs;

/** How many samples had each status; 0 where there was no answer. */
export function statusCounts(samples: readonly Sample[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of samples) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The value that a share `q` of all values does not exceed; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/** Samples that were sent more than `byMs` after they were due: the generator itself was too slow for them. */
export function lateSends(samples: readonly Sample[], byMs = 10): number {
  return samples.filter(({ dueMs, sentMs }) => sentMs - dueMs > byMs).length;
}
