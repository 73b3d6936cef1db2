import { latencyBudget } from "@berth/contract";
import { takeBatch } from "../domain/batch-policy";
import type { BatchLimits } from "../domain/batch-policy";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import type { InferenceRuntime } from "../ports/inference-runtime";

/** Logits of one text, and what became of its time. */
export interface Inference {
  /** float32 `[labels]` */
  readonly logits: Float32Array;
  readonly queueMs: number;
  readonly inferMs: number;
}

/** A batch that ran, for metrics. */
export interface BatchReport {
  readonly texts: number;
  /** Share of its tokens that were padding. */
  readonly paddingShare: number;
}

interface Entry {
  readonly ids: Int32Array;
  readonly tokens: number;
  readonly enqueuedAt: number;
  readonly expiresAt: number;
  resolve(inference: Inference): void;
  reject(error: unknown): void;
}

export interface InferenceQueueOptions extends BatchLimits {
  readonly runtime: InferenceRuntime;
  readonly clock: Clock;
  /** Requests that may wait; the next is refused. */
  readonly limit: number;
  readonly onBatch?: (report: BatchReport) => void;
}

/** The one owner of the texts that wait for inference. Bounded; oldest first; nothing waits while a process is free. */
export class InferenceQueue {
  private waiting: Entry[] = [];
  /** Requests that are being prepared. */
  private reserved = 0;
  private sweep: { readonly at: number; cancel(): void } | undefined;
  /** Moving average of how long one text takes, for Retry-After. */
  private msPerText = 10;

  constructor(private readonly options: InferenceQueueOptions) {
    options.runtime.onIdle(() => this.dispatch());
  }

  /** Texts that wait now. */
  get depth(): number {
    return this.waiting.length;
  }

  /**
   * Takes a place for a request before any work is put into it; what is being prepared counts as waiting.
   *
   * @returns gives the place back; called twice, it does so once
   * @throws {ServiceError} `queue_full`
   */
  reserve(): () => void {
    const taken = this.waiting.length + this.reserved;
    if (taken >= this.options.limit)
      throw new ServiceError("queue_full", { retryAfterMs: taken * this.msPerText });
    this.reserved++;
    let held = true;
    return () => {
      if (held) this.reserved--;
      held = false;
    };
  }

  /**
   * Waits for a process and runs the text. The caller holds a place of {@link reserve}, and gives it back after.
   *
   * @param deadline on the clock's scale; past it the text is dropped before inference
   * @throws {ServiceError} `deadline_exceeded`; the signal's reason; what the runtime throws
   */
  infer(ids: Int32Array, deadline: number, signal?: AbortSignal): Promise<Inference> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const now = this.options.clock.now();
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        ids,
        tokens: ids.length,
        enqueuedAt: now,
        expiresAt: Math.min(deadline, now + latencyBudget.queueLimitMs),
        resolve,
        reject,
      };
      signal?.addEventListener("abort", () => this.drop(entry, signal.reason), { once: true });
      this.waiting.push(entry);
      this.dispatch();
      this.armSweep();
    });
  }

  private dispatch(): void {
    const { runtime, clock } = this.options;
    this.expire(clock.now());
    for (let idle = runtime.idle(); idle > 0 && this.waiting.length > 0; idle = runtime.idle()) {
      const taken = new Set(takeBatch(this.waiting, this.options, idle));
      const batch = this.waiting.filter((_, index) => taken.has(index));
      this.waiting = this.waiting.filter((_, index) => !taken.has(index));
      void this.run(batch);
    }
  }

  private async run(batch: readonly Entry[]): Promise<void> {
    const { runtime, clock, onBatch } = this.options;
    const startedAt = clock.now();
    try {
      const logits = await runtime.run(batch.map((entry) => entry.ids));
      const inferMs = clock.now() - startedAt;
      this.msPerText = 0.9 * this.msPerText + 0.1 * (inferMs / batch.length);
      batch.forEach((entry, i) =>
        entry.resolve({ logits: logits[i]!, queueMs: startedAt - entry.enqueuedAt, inferMs }),
      );
      const longest = Math.max(...batch.map((entry) => entry.tokens));
      const tokens = batch.reduce((sum, entry) => sum + entry.tokens, 0);
      onBatch?.({ texts: batch.length, paddingShare: 1 - tokens / (longest * batch.length) });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }

  private drop(entry: Entry, reason: unknown): void {
    const index = this.waiting.indexOf(entry);
    if (index < 0) return;
    this.waiting.splice(index, 1);
    entry.reject(reason);
  }

  private expire(now: number): void {
    const expired = this.waiting.filter((entry) => entry.expiresAt <= now);
    if (expired.length === 0) return;
    this.waiting = this.waiting.filter((entry) => entry.expiresAt > now);
    for (const entry of expired)
      entry.reject(
        new ServiceError("deadline_exceeded", {
          retryAfterMs: this.waiting.length * this.msPerText,
        }),
      );
  }

  /** Waiting texts expire even while no process comes free. */
  private armSweep(): void {
    if (this.waiting.length === 0) return;
    const { clock } = this.options;
    const at = Math.min(...this.waiting.map((entry) => entry.expiresAt));
    if (this.sweep !== undefined && this.sweep.at <= at) return;
    this.sweep?.cancel();
    const cancel = clock.schedule(Math.max(1, at - clock.now()), () => {
      this.sweep = undefined;
      this.expire(clock.now());
      this.armSweep();
    });
    this.sweep = { at, cancel };
  }
}
