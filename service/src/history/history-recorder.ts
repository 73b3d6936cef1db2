import type { HistoryEntry } from "@berth/contract";
import type { Clock } from "../ports/clock";
import { HistoryFullError } from "../ports/history-store";
import type { HistoryStore } from "../ports/history-store";
import { Drain } from "./drain";
import type { DrainOptions } from "./drain";

/** What became of an entry. */
export const historyOutcomes = ["stored", "dropped"] as const;
export type HistoryOutcome = (typeof historyOutcomes)[number];

interface Waiting {
  readonly entry: HistoryEntry;
  readonly onOutcome: ((outcome: HistoryOutcome) => void) | undefined;
}

export interface HistoryRecorderOptions extends Pick<DrainOptions, "onFailure"> {
  readonly store: HistoryStore;
  readonly clock: Clock;
  /** Entries kept in memory while the store cannot write; the newest beyond are dropped. @default 1000 */
  readonly limit?: number;
  /** How long entries gather before they are written together; a kill -9 loses these. @default 0 */
  readonly gatherMs?: number;
  readonly onOutcome?: (outcome: HistoryOutcome, entries: number) => void;
}

/** Entries handed to the store at once, at most. */
const maxBatch = 500;

const retryDelayMs = { first: 100, most: 5_000 } as const;

/**
 * Writes answers behind the response. Nothing waits: while one batch is written, the next gathers.
 *
 * Bounded: when the store cannot write and `limit` entries are waiting, the newest are dropped and counted.
 */
export class HistoryRecorder {
  private waiting: Waiting[] = [];
  private recorded = 0;
  private stored = 0;
  /** Who waits until that many entries are stored. */
  private readers: { readonly upTo: number; resolve(): void }[] = [];
  /** Halved by a failure and doubled by a success; what fits, where the store says so. */
  private batchSize = maxBatch;
  private gathering = false;
  private closing = false;
  private readonly drain: Drain;
  private readonly limit: number;

  constructor(private readonly options: HistoryRecorderOptions) {
    this.limit = options.limit ?? 1000;
    const { clock, onFailure } = options;
    this.drain = new Drain({ clock, onFailure, retryDelayMs, step: () => this.write() });
  }

  /** Entries that are not in the store yet. */
  get depth(): number {
    return this.waiting.length;
  }

  /** Takes an entry; never throws and never waits. Says of this one what became of it. */
  record(entry: HistoryEntry, onOutcome?: (outcome: HistoryOutcome) => void): void {
    if (this.waiting.length >= this.limit) {
      this.options.onOutcome?.("dropped", 1);
      onOutcome?.("dropped");
      return;
    }
    this.waiting.push({ entry, onOutcome });
    this.recorded++;
    this.gather();
  }

  /** Whether an entry is still on its way to the store. */
  has(id: string): boolean {
    return this.waiting.some(({ entry }) => entry.id === id);
  }

  /** Waits until everything recorded so far is stored, at most `limitMs`; so that a reader sees its own writes. */
  settle(limitMs: number): Promise<void> {
    if (this.waiting.length === 0) return Promise.resolve();
    this.drain.start();
    return new Promise((resolve) => {
      const reader = {
        upTo: this.recorded,
        resolve: () => {
          cancel();
          this.readers = this.readers.filter((other) => other !== reader);
          resolve();
        },
      };
      const cancel = this.options.clock.schedule(limitMs, reader.resolve);
      this.readers.push(reader);
    });
  }

  /** Tries once more, at most `limitMs`. @returns entries that could not be stored and are lost */
  async close(limitMs: number): Promise<number> {
    this.closing = true;
    this.drain.start();
    await this.drain.stop(limitMs);
    const lost = this.waiting.length;
    if (lost > 0) this.options.onOutcome?.("dropped", lost);
    for (const { onOutcome } of this.waiting) onOutcome?.("dropped");
    return lost;
  }

  private gather(): void {
    const { clock, gatherMs = 0 } = this.options;
    if (gatherMs === 0) return this.drain.start();
    if (this.gathering) return;
    this.gathering = true;
    clock.schedule(gatherMs, () => {
      this.gathering = false;
      this.drain.start();
    });
  }

  private async write(): Promise<boolean> {
    const batch = this.waiting.slice(0, this.batchSize);
    if (batch.length === 0) return false;
    try {
      await this.options.store.save(batch.map(({ entry }) => entry));
    } catch (error) {
      if (error instanceof HistoryFullError && error.room > 0 && error.room < batch.length) {
        // At once, so that no entry is dropped that there was room for.
        this.batchSize = error.room;
        return true;
      }
      this.batchSize = Math.max(1, Math.floor(batch.length / 2));
      throw error;
    }
    this.batchSize = Math.min(maxBatch, this.batchSize * 2);
    this.waiting = this.waiting.slice(batch.length);
    this.stored += batch.length;
    this.options.onOutcome?.("stored", batch.length);
    for (const { onOutcome } of batch) onOutcome?.("stored");
    for (const reader of this.readers.filter(({ upTo }) => upTo <= this.stored)) reader.resolve();
    const hurried = this.closing || this.readers.length > 0 || this.waiting.length >= maxBatch;
    if (this.waiting.length === 0 || hurried || !this.options.gatherMs)
      return this.waiting.length > 0;
    this.gather();
    return false;
  }
}
