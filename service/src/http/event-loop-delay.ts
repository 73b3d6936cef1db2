import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";

/**
 * How often the event loop is asked. A block that is shorter than this can be missed, and a longer one is measured short
 * by up to this much; each question wakes an idle processor.
 */
const resolutionMs = 5;

/** A cumulative histogram, as Prometheus takes it. */
export interface CumulativeHistogram {
  /** Values up to each bound, in the bounds' order. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/**
 * How late the event loop is, since the start. It is never reset, so that any number of scrapers read the same; rates
 * and quantiles of a time span are Prometheus's to compute.
 */
export class EventLoopDelay {
  private monitor: IntervalHistogram | undefined;
  private last: CumulativeHistogram | undefined;

  /** @param bounds in seconds, ascending */
  constructor(private readonly bounds: readonly number[]) {}

  /** Begins to measure; all is zero before. */
  start(): void {
    this.monitor ??= monitorEventLoopDelay({ resolution: resolutionMs });
    this.monitor.enable();
  }

  stop(): void {
    this.monitor?.disable();
  }

  /** What was measured so far, in seconds. */
  read(): CumulativeHistogram {
    const { monitor, last } = this;
    if (monitor === undefined || monitor.count === 0)
      return { counts: this.bounds.map(() => 0), count: 0, sum: 0 };
    const { count } = monitor;
    const sum = Math.max(0, (monitor.mean / 1e6 - resolutionMs) / 1e3) * count;
    const counts = this.bounds.map((bound) => countUpTo(monitor, resolutionMs * 1e6 + bound * 1e9));
    // The monitor rounds; what Prometheus counts by must never fall, or it takes the process for a new one.
    this.last = {
      counts: counts.map((value, i) => Math.max(value, last?.counts[i] ?? 0)),
      count,
      sum: Math.max(sum, last?.sum ?? 0),
    };
    return this.last;
  }
}

/** How many of the measured values are at most `bound`; the monitor tells only which value has a rank. */
function countUpTo(monitor: IntervalHistogram, bound: number): number {
  const { count } = monitor;
  if (monitor.max <= bound) return count;
  if (monitor.min > bound) return 0;
  let low = 1;
  let high = count;
  while (low < high) {
    const rank = Math.ceil((low + high) / 2);
    if (monitor.percentile(((rank - 0.5) / count) * 100) <= bound) low = rank;
    else high = rank - 1;
  }
  return low;
}
