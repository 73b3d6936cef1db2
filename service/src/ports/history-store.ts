import type { HistoryEntry, HistoryPage, Label } from "@berth/contract";

/** Which part of the history is asked for. */
export interface HistorySelection {
  /** Entries at most, above 0. */
  readonly limit: number;
  /** Only entries older than the one with this id. */
  readonly cursor?: string | undefined;
  readonly label?: Label | undefined;
}

/** Keeps answers. Ids sort by time, so the newest entry has the greatest id. */
export interface HistoryStore {
  /**
   * Keeps entries; one that is there already is replaced, so that saving twice changes nothing.
   *
   * @throws {HistoryUnavailableError} if it cannot say that all of them are kept
   */
  save(entries: readonly HistoryEntry[]): Promise<void>;
  /** Newest first. @throws {HistoryUnavailableError} */
  list(selection: HistorySelection): Promise<HistoryPage>;
  /** @throws {HistoryUnavailableError} */
  tryGet(id: string): Promise<HistoryEntry | undefined>;
  /** @returns whether there was such an entry. @throws {HistoryUnavailableError} */
  delete(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The store cannot be reached or cannot write. */
export class HistoryUnavailableError extends Error {
  override readonly name = "HistoryUnavailableError";
}
