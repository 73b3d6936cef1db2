import { join } from "node:path";
import type { Settings } from "@berth/contract";
import { JournaledHistoryStore } from "../adapters/journaled-history-store";
import { LevelHistoryStore } from "../adapters/level-history-store";
import { MongoHistoryStore } from "../adapters/mongo-history-store";
import type { Clock } from "../ports/clock";
import type { HistoryStore } from "../ports/history-store";

export interface OpenedHistory {
  readonly store: HistoryStore;
  /** Entries between the answer and the store, beside those in memory. */
  readonly journalDepth: () => number;
}

/** The history that the settings name: MongoDB behind a journal on disk, or the embedded store. */
export async function openHistory(
  settings: Pick<Settings, "MONGODB_URI" | "DATA_DIR" | "JOURNAL_LIMIT">,
  clock: Clock,
  onFailure: (error: Error, retryInMs: number) => void,
): Promise<OpenedHistory> {
  if (settings.MONGODB_URI === undefined) {
    const store = await LevelHistoryStore.open(join(settings.DATA_DIR, "history"));
    return { store, journalDepth: () => 0 };
  }
  const store = await JournaledHistoryStore.open({
    folder: join(settings.DATA_DIR, "journal"),
    store: new MongoHistoryStore(settings.MONGODB_URI),
    clock,
    limit: settings.JOURNAL_LIMIT,
    onFailure,
  });
  return { store, journalDepth: () => store.depth };
}
