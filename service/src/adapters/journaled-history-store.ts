import type { HistoryEntry, HistoryPage } from "@berth/contract";
import { Drain } from "../history/drain";
import type { DrainOptions } from "../history/drain";
import type { Clock } from "../ports/clock";
import {
  HistoryFullError,
  HistoryPlaceError,
  HistoryUnavailableError,
} from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";
import { LevelFolder } from "./level-folder";
import type { LevelDatabase } from "./level-folder";

export interface JournaledHistoryStoreOptions extends Pick<DrainOptions, "onFailure"> {
  /** Folder of the journal. */
  readonly folder: string;
  /** The store behind the journal. */
  readonly store: HistoryStore;
  readonly clock: Clock;
  /** Entries in the journal at most. */
  readonly limit: number;
  /** What went wrong without ending anything. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Entries that were in the journal and cannot be read any more. */
  readonly onLost?: ((entries: number) => void) | undefined;
}

/** Entries handed on at once, at most. */
const maxBatch = 500;

/**
 * How long entries gather before they are handed on: each time costs a read, a write and a request, however few they are.
 * Nobody waits for it, since a list has what is on its way too.
 */
const gatherMs = 250;

const retryDelayMs = { first: 250, most: 10_000 } as const;

/** How long a delete waits for an entry that is still on its way. */
const settleMs = 500;

/** How long closing waits for the last entries to be handed on. */
const closeMs = 3_000;

/**
 * A journal on disk in front of a store that can be away. An entry is kept once it is in the journal, and leaves it
 * once the store behind has it: at least once, across restarts and `kill -9`. Entries are saved by id, so a second
 * time changes nothing.
 *
 * Bounded: when `limit` entries wait, {@link save} refuses, and the newest wait in the recorder's memory.
 */
export class JournaledHistoryStore implements HistoryStore {
  private readonly journal: LevelFolder;
  private pending = 0;
  /** Batches saved so far. */
  private saves = 0;
  /** Halved by a failure and doubled by a success, so that a slow store gets what it can take in time. */
  private batchSize = maxBatch;
  private readonly drain: Drain;
  /** Ends the gathering under way. */
  private stopGathering: (() => void) | undefined;

  private constructor(private readonly options: JournaledHistoryStoreOptions) {
    const { folder, clock, onFailure, onWarning } = options;
    this.drain = new Drain({ clock, onFailure, retryDelayMs, step: () => this.handOn() });
    this.journal = new LevelFolder({
      folder,
      onWarning,
      setAside: true,
      onOpen: (journal) => this.takeOver(journal),
    });
  }

  /**
   * @throws {HistoryPlaceError} with the remedy, if trying again is of no use. Other faults are a warning: the journal is
   *   opened again with each use.
   */
  static async open(options: JournaledHistoryStoreOptions): Promise<JournaledHistoryStore> {
    const journaled = new JournaledHistoryStore(options);
    try {
      await journaled.journal.open();
    } catch (error) {
      if (error instanceof HistoryPlaceError) {
        await journaled.close();
        throw error;
      }
      options.onWarning?.((error as Error).message);
    }
    return journaled;
  }

  /** Entries that the store behind does not have yet. */
  get depth(): number {
    return this.pending;
  }

  /** @throws {HistoryFullError} if there is not room for all of them */
  async save(entries: readonly HistoryEntry[]): Promise<void> {
    // Only an open journal knows how many entries it holds.
    await this.journal.open();
    const room = this.options.limit - this.pending;
    if (entries.length > room)
      throw new HistoryFullError(
        `the journal holds ${this.pending} entries and takes at most ${this.options.limit}: is the history store away?`,
        Math.max(0, room),
      );
    await this.journal.write((journal) =>
      journal.batch(
        entries.map((entry) => ({ type: "put", key: entry.id, value: JSON.stringify(entry) })),
      ),
    );
    this.pending += entries.length;
    this.saves++;
    if (this.pending >= Math.min(maxBatch, this.options.limit)) this.handOnNow();
    else this.stopGathering ??= this.options.clock.schedule(gatherMs, () => this.handOnNow());
  }

  /** Tries at once, and waits until the store behind has everything, at most `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.handOnNow();
    this.drain.hurry();
    await this.drain.settle(limitMs);
  }

  /**
   * What the store behind has, and what is still on its way to it, as one list. An entry is first in the journal, then in
   * both, then in the store alone; the journal is read as it was before the store was asked, so none is missed.
   */
  async list(selection: HistorySelection): Promise<HistoryPage> {
    if (this.pending === 0) return this.options.store.list(selection);
    return this.journal.read(async (journal) => {
      const snapshot = journal.snapshot();
      try {
        const page = await this.options.store.list(selection);
        return merge(
          page,
          await this.onTheirWay(journal, snapshot, selection, page.nextCursor),
          selection.limit,
        );
      } finally {
        await snapshot.close();
      }
    });
  }

  async tryGet(id: string): Promise<HistoryEntry | undefined> {
    const json = await this.journal.read((journal) => journal.get(id));
    const journaled = json === undefined ? undefined : parse(json);
    return journaled ?? this.options.store.tryGet(id);
  }

  async delete(id: string): Promise<boolean> {
    // An entry on its way would come back after the delete: let it arrive first.
    if (await this.holds(id)) await this.settle(settleMs);
    if (await this.holds(id))
      throw new HistoryUnavailableError("the entry has not reached the history store yet");
    return this.options.store.delete(id);
  }

  /** What is left stays in the journal for the next start. */
  async close(): Promise<void> {
    if (this.pending > 0) this.handOnNow();
    await this.drain.stop(closeMs);
    await this.journal.close();
    await this.options.store.close();
  }

  private handOnNow(): void {
    this.stopGathering?.();
    this.stopGathering = undefined;
    this.drain.start();
  }

  private holds(id: string): Promise<boolean> {
    return this.journal.read((journal) => journal.has(id));
  }

  /** Counts what an earlier process, or a write that failed, left in the journal. */
  private async takeOver(journal: LevelDatabase): Promise<void> {
    let pending = 0;
    for await (const _ of journal.keys()) pending++;
    this.pending = pending;
    if (pending > 0) this.drain.start();
  }

  /** The newest entries in the journal that fit the selection, one more than its limit, and none older than `downTo`. */
  private async onTheirWay(
    journal: LevelDatabase,
    snapshot: ReturnType<LevelDatabase["snapshot"]>,
    { limit, cursor, label }: HistorySelection,
    downTo: string | null,
  ): Promise<HistoryEntry[]> {
    const found: HistoryEntry[] = [];
    const range = {
      ...(cursor === undefined ? {} : { lt: cursor }),
      ...(downTo === null ? {} : { gte: downTo }),
    };
    for await (const json of journal.values({ ...range, reverse: true, snapshot })) {
      const entry = parse(json);
      if (entry === undefined || (label !== undefined && entry.label !== label)) continue;
      found.push(entry);
      if (found.length > limit) break;
    }
    return found;
  }

  private async handOn(): Promise<boolean> {
    const { store, onLost, onWarning } = this.options;
    const limit = this.batchSize;
    const savesBefore = this.saves;
    const batch = await this.journal.read((journal) => journal.iterator({ limit }).all());
    if (batch.length === 0) {
      if (this.saves !== savesBefore) return true;
      // An id that was saved twice was counted twice but stood once.
      this.pending = 0;
      return false;
    }
    const entries = batch.flatMap(([, json]) => parse(json) ?? []);
    try {
      if (entries.length > 0) await store.save(entries);
    } catch (error) {
      this.batchSize = Math.max(1, Math.floor(batch.length / 2));
      throw error;
    }
    this.batchSize = Math.min(maxBatch, this.batchSize * 2);
    await this.journal.write((journal) =>
      journal.batch(batch.map(([key]) => ({ type: "del", key }))),
    );
    this.pending -= batch.length;
    const damaged = batch.length - entries.length;
    if (damaged > 0) {
      onLost?.(damaged);
      onWarning?.(`${damaged} entries in the journal were damaged and are lost`);
    }
    // Fewer were all there were; what came meanwhile gathers.
    return batch.length === limit || (this.pending > 0 && this.stopGathering === undefined);
  }
}

/** Both lists are newest first; what is in both stands once. */
function merge(
  { entries, nextCursor }: HistoryPage,
  onTheirWay: readonly HistoryEntry[],
  limit: number,
): HistoryPage {
  const byId = new Map([...entries, ...onTheirWay].map((entry) => [entry.id, entry]));
  const merged = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  const page = merged.slice(0, limit);
  return { entries: page, nextCursor: merged.length > limit ? page.at(-1)!.id : nextCursor };
}

/** @returns `undefined` of what damage on the disk left of an entry */
function parse(json: string): HistoryEntry | undefined {
  try {
    return JSON.parse(json) as HistoryEntry;
  } catch {
    return undefined;
  }
}
