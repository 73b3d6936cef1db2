import { latencyBudget } from "@berth/contract";
import { takeBatch } from "../domain/batch-policy";
import type { BatchLimits } from "../domain/batch-policy";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import type { InferenceRuntime } from "../ports/inference-runtime";
import { InferencePace } from "./inference-pace";
import { Places } from "./places";

/** Single requests, with somebody waiting for each; or texts of batches and streams, which take what those leave. */
export type Lane = "interactive" | "bulk";

/** What one text asks of the queue beside its tokens. */
export interface InferenceRequest {
  /** On the clock's scale; past it the text is dropped before inference. `Infinity` for none. */
  readonly deadline: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal?: AbortSignal | undefined;
  /** @default "interactive" */
  readonly lane?: Lane;
}

/** Logits of one text, and what became of its time. */
export interface Inference {
  /** float32 `[labels]` */
  readonly logits: Float32Array;
  readonly queueMs: number;
  readonly inferMs: number;
  /** The batch that it ran in. */
  readonly batch: BatchReport;
}

/** A batch that ran. */
export interface BatchReport {
  /** Counts up from 1. */
  readonly number: number;
  readonly texts: number;
  /** Tokens of its texts, without padding. */
  readonly tokens: number;
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
  /** Single requests that may wait; the next is refused. */
  readonly limit: number;
  /** Texts of batches and streams that may be in work at once; the next waits for a place. @default limit */
  readonly bulkLimit?: number;
  readonly onBatch?: (report: BatchReport) => void;
}

/** While single requests never end, every so manieth batch is one of the bulk lane, so that it gets on. */
const bulkTurn = 8;

/**
 * The one owner of the texts that wait for inference. Bounded; oldest first; nothing waits while a process is free; a
 * text that cannot be answered by its deadline is refused when it comes.
 */
export class InferenceQueue {
  private readonly waiting: Record<Lane, Entry[]> = { interactive: [], bulk: [] };
  /** Requests that are being prepared. */
  private reserved = 0;
  private readonly bulkPlaces: Places;
  private sweep: { readonly at: number; cancel(): void } | undefined;
  private readonly pace = new InferencePace();
  private batches = 0;
  /** Batches of single requests since the last one of the bulk lane. */
  private sinceBulk = 0;

  constructor(private readonly options: InferenceQueueOptions) {
    this.bulkPlaces = new Places(options.bulkLimit ?? options.limit);
    options.runtime.onIdle(() => this.dispatch());
  }

  /** Single requests that may wait. */
  get limit(): number {
    return this.options.limit;
  }

  /** Single requests that wait now. */
  get depth(): number {
    return this.waiting.interactive.length;
  }

  /** Texts of batches and streams that wait now. */
  get bulkDepth(): number {
    return this.waiting.bulk.length;
  }

  /** When a request that is refused now may come again, or `undefined` while there is a place for one. */
  get fullForMs(): number | undefined {
    const taken = this.depth + this.reserved;
    return taken < this.options.limit ? undefined : this.pace.drainMs(taken, this.ready());
  }

  /**
   * Takes a place for a single request before any work is put into it; what is being prepared counts as waiting.
   *
   * @returns gives the place back; called twice, it does so once
   * @throws {ServiceError} `queue_full`
   */
  reserve(): () => void {
    const retryAfterMs = this.fullForMs;
    if (retryAfterMs !== undefined) throw new ServiceError("queue_full", { retryAfterMs });
    this.reserved++;
    let held = true;
    return () => {
      if (held) this.reserved--;
      held = false;
    };
  }

  /**
   * Waits, first come first served, for one of the bulk lane's places.
   *
   * @returns gives the place back; called twice, it does so once
   * @throws the signal's reason
   */
  place(signal?: AbortSignal): Promise<() => void> {
    return this.bulkPlaces.take(signal);
  }

  /**
   * Waits for a process and runs the text. The caller holds a place of {@link reserve} or {@link place}, and gives it
   * back: a single request's when the text is in the queue, a bulk text's when it is answered.
   *
   * @throws {ServiceError} `deadline_exceeded`, at once if the deadline cannot be met; the signal's reason; what the
   * runtime throws
   */
  infer(
    ids: Int32Array,
    { deadline, signal, lane = "interactive" }: InferenceRequest,
  ): Promise<Inference> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const now = this.options.clock.now();
    if (now + this.expectedMs(ids.length, lane) > deadline) return Promise.reject(this.exceeded());
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        ids,
        tokens: ids.length,
        enqueuedAt: now,
        expiresAt:
          lane === "interactive" ? Math.min(deadline, now + latencyBudget.queueLimitMs) : deadline,
        resolve: (inference) => {
          signal?.removeEventListener("abort", drop);
          resolve(inference);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", drop);
          reject(error as Error);
        },
      };
      const drop = () => this.drop(lane, entry, signal!.reason);
      signal?.addEventListener("abort", drop, { once: true });
      this.waiting[lane].push(entry);
      this.dispatch();
      this.armSweep();
    });
  }

  private ready(): number {
    return this.options.runtime.ready();
  }

  /**
   * How long a text that comes now will wait and run, as far as can be told. Nothing is refused on a guess, nor while a
   * process is free: what runs is what corrects the pace after a stall.
   */
  private expectedMs(own: number, lane: Lane): number {
    if (this.options.runtime.idle() > 0) return 0;
    const { interactive, bulk } = this.waiting;
    const ahead = lane === "interactive" ? interactive : [...interactive, ...bulk];
    const tokens = ahead.reduce((sum, entry) => sum + entry.tokens, 0);
    return this.pace.inferMs(tokens / Math.max(1, this.ready()) + own) ?? 0;
  }

  private dispatch(): void {
    const { runtime, clock } = this.options;
    this.expire(clock.now());
    for (let idle = runtime.idle(); idle > 0; idle = runtime.idle()) {
      const lane = this.nextLane();
      if (lane === undefined) return;
      const taken = new Set(takeBatch(this.waiting[lane], this.options, idle));
      const batch = this.waiting[lane].filter((_, index) => taken.has(index));
      this.waiting[lane] = this.waiting[lane].filter((_, index) => !taken.has(index));
      void this.run(batch);
    }
  }

  private nextLane(): Lane | undefined {
    const { interactive, bulk } = this.waiting;
    if (bulk.length > 0 && (interactive.length === 0 || this.sinceBulk >= bulkTurn)) {
      this.sinceBulk = 0;
      return "bulk";
    }
    if (interactive.length === 0) return undefined;
    this.sinceBulk = bulk.length === 0 ? 0 : this.sinceBulk + 1;
    return "interactive";
  }

  private async run(batch: readonly Entry[]): Promise<void> {
    const { runtime, clock, onBatch } = this.options;
    const startedAt = clock.now();
    let longest = 0;
    let tokens = 0;
    for (const entry of batch) {
      longest = Math.max(longest, entry.tokens);
      tokens += entry.tokens;
    }
    const padded = longest * batch.length;
    const report: BatchReport = {
      number: ++this.batches,
      texts: batch.length,
      tokens,
      paddingShare: 1 - tokens / padded,
    };
    try {
      const logits = await runtime.run(batch.map((entry) => entry.ids));
      const inferMs = clock.now() - startedAt;
      this.pace.ran(inferMs, { texts: batch.length, tokens: padded });
      batch.forEach((entry, i) =>
        entry.resolve({
          logits: logits[i]!,
          queueMs: startedAt - entry.enqueuedAt,
          inferMs,
          batch: report,
        }),
      );
      onBatch?.(report);
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }

  private drop(lane: Lane, entry: Entry, reason: unknown): void {
    const index = this.waiting[lane].indexOf(entry);
    if (index < 0) return;
    this.waiting[lane].splice(index, 1);
    entry.reject(reason);
  }

  private expire(now: number): void {
    for (const lane of ["interactive", "bulk"] as const) {
      const expired = this.waiting[lane].filter((entry) => entry.expiresAt <= now);
      if (expired.length === 0) continue;
      this.waiting[lane] = this.waiting[lane].filter((entry) => entry.expiresAt > now);
      for (const entry of expired) entry.reject(this.exceeded());
    }
  }

  private exceeded(): ServiceError {
    const retryAfterMs = this.pace.drainMs(this.depth, this.ready());
    return new ServiceError("deadline_exceeded", { retryAfterMs });
  }

  /** Waiting texts expire even while no process comes free. */
  private armSweep(): void {
    let at = Infinity;
    for (const lane of ["interactive", "bulk"] as const)
      for (const entry of this.waiting[lane]) at = Math.min(at, entry.expiresAt);
    if (at === Infinity || (this.sweep !== undefined && this.sweep.at <= at)) return;
    this.sweep?.cancel();
    const { clock } = this.options;
    const cancel = clock.schedule(Math.max(1, at - clock.now()), () => {
      this.sweep = undefined;
      this.expire(clock.now());
      this.armSweep();
    });
    this.sweep = { at, cancel };
  }
}
