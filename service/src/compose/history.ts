import { join } from "node:path";
import type { Settings } from "@berth/contract";
import { JournaledHistoryStore } from "../adapters/journaled-history-store";
import { LevelHistoryStore } from "../adapters/level-history-store";
import type { Clock } from "../ports/clock";
import type { HistoryStore } from "../ports/history-store";

export interface OpenHistoryOptions {
  readonly settings: Pick<
    Settings,
    "MONGODB_URI" | "DATA_DIR" | "JOURNAL_LIMIT" | "HISTORY_RETENTION_DAYS"
  >;
  readonly clock: Clock;
  /** MongoDB did not take what the journal holds. */
  readonly onFailure: (error: Error, retryInMs: number) => void;
  /** What went wrong without ending anything. */
  readonly onWarning: (message: string) => void;
  /** Entries that the journal had and lost. */
  readonly onLost: (entries: number) => void;
}

export interface OpenedHistory {
  readonly store: HistoryStore;
  /** Entries between the answer and the store, beside those in memory. */
  readonly journalDepth: () => number;
}

/**
 * The history that the settings name: MongoDB behind a journal on disk, or the embedded store.
 *
 * @throws {HistoryPlaceError} with the remedy, if its folder cannot be used until somebody changes something
 */
export async function openHistory(options: OpenHistoryOptions): Promise<OpenedHistory> {
  const { settings, clock, onWarning } = options;
  const retentionDays = settings.HISTORY_RETENTION_DAYS;
  if (settings.MONGODB_URI === undefined) {
    const folder = join(settings.DATA_DIR, "history");
    const store = await LevelHistoryStore.open(folder, { clock, retentionDays, onWarning });
    return { store, journalDepth: () => 0 };
  }
  // The driver costs a third of a second and 30 MiB, so only what uses it loads it.
  const { MongoHistoryStore } = await import("../adapters/mongo-history-store");
  const store = await JournaledHistoryStore.open({
    folder: join(settings.DATA_DIR, "journal"),
    store: new MongoHistoryStore(settings.MONGODB_URI, { clock, retentionDays, onWarning }),
    clock,
    limit: settings.JOURNAL_LIMIT,
    onFailure: options.onFailure,
    onWarning,
    onLost: options.onLost,
  });
  return { store, journalDepth: () => store.depth };
}
