import type { HistoryEntry, HistoryPage } from "@berth/contract";
import type { ClassicLevel } from "classic-level";
import { Drain } from "../history/drain";
import type { DrainOptions } from "../history/drain";
import type { Clock } from "../ports/clock";
import { HistoryUnavailableError } from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";
import { openLevel } from "./level-history-store";

export interface JournaledHistoryStoreOptions extends Pick<DrainOptions, "onFailure"> {
  /** Folder of the journal. */
  readonly folder: string;
  /** The store behind the journal. */
  readonly store: HistoryStore;
  readonly clock: Clock;
  /** Entries in the journal at most. */
  readonly limit: number;
}

/** Entries handed on at once. */
const maxBatch = 500;

const retryDelayMs = { first: 250, most: 10_000 } as const;

/** How long a list waits for entries that are being handed on. */
const readersWaitMs = 100;

/** How long a delete waits for an entry that is still on its way, and closing for the last ones. */
const settleMs = 1_000;

/**
 * A journal on disk in front of a store that can be away. An entry is kept once it is in the journal, and leaves it
 * once the store behind has it: at least once, across restarts and `kill -9`. Entries are saved by id, so a second
 * time changes nothing.
 *
 * Bounded: when `limit` entries wait, {@link save} refuses, and the newest wait in the recorder's memory.
 */
export class JournaledHistoryStore implements HistoryStore {
  private pending = 0;
  private readonly drain: Drain;

  private constructor(
    private readonly options: JournaledHistoryStoreOptions,
    private readonly journal: ClassicLevel<string, string>,
  ) {
    const { clock, onFailure } = options;
    this.drain = new Drain({ clock, onFailure, retryDelayMs, step: () => this.handOn() });
  }

  static async open(options: JournaledHistoryStoreOptions): Promise<JournaledHistoryStore> {
    const journaled = new JournaledHistoryStore(options, await openLevel(options.folder));
    journaled.pending = (await journaled.journal.keys().all()).length;
    if (journaled.pending > 0) journaled.drain.start();
    return journaled;
  }

  /** Entries that the store behind does not have yet. */
  get depth(): number {
    return this.pending;
  }

  async save(entries: readonly HistoryEntry[]): Promise<void> {
    if (this.pending + entries.length > this.options.limit)
      throw new HistoryUnavailableError(
        `the journal holds ${this.pending} entries and takes at most ${this.options.limit}: is the history store away?`,
      );
    await this.reach(() =>
      this.journal.batch(
        entries.map((entry) => ({ type: "put", key: entry.id, value: JSON.stringify(entry) })),
      ),
    );
    this.pending += entries.length;
    this.drain.start();
  }

  /** Tries at once, and waits until the store behind has everything, at most `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.drain.hurry();
    await this.drain.settle(limitMs);
  }

  async list(selection: HistorySelection): Promise<HistoryPage> {
    // So that a reader sees its own writes, where the store behind is there.
    await this.drain.settle(readersWaitMs);
    return this.options.store.list(selection);
  }

  async tryGet(id: string): Promise<HistoryEntry | undefined> {
    const journaled = await this.reach(() => this.journal.get(id));
    return journaled === undefined
      ? this.options.store.tryGet(id)
      : (JSON.parse(journaled) as HistoryEntry);
  }

  async delete(id: string): Promise<boolean> {
    // An entry on its way would come back after the delete: let it arrive first.
    if (await this.reach(() => this.journal.has(id))) await this.settle(settleMs);
    if (await this.reach(() => this.journal.has(id)))
      throw new HistoryUnavailableError("the entry has not reached the history store yet");
    return this.options.store.delete(id);
  }

  /** What is left stays in the journal for the next start. */
  async close(): Promise<void> {
    await this.drain.stop(settleMs);
    await this.journal.close();
    await this.options.store.close();
  }

  private async reach<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      const { message } = error as Error;
      throw new HistoryUnavailableError(`the journal failed: ${message}`, { cause: error });
    }
  }

  private async handOn(): Promise<boolean> {
    const batch = await this.journal.iterator({ limit: maxBatch }).all();
    if (batch.length === 0) {
      // An id that was saved twice was counted twice but stood once.
      this.pending = 0;
      return false;
    }
    await this.options.store.save(batch.map(([, json]) => JSON.parse(json) as HistoryEntry));
    await this.journal.batch(batch.map(([key]) => ({ type: "del", key })));
    this.pending -= batch.length;
    return true;
  }
}
