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
   * Keeps entries. One that is there already is the same, since an entry never changes: saving twice changes nothing.
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
  override readonly name: string = "HistoryUnavailableError";
}

/** More entries at once than the store has room for; up to `room` of them fit. */
export class HistoryFullError extends HistoryUnavailableError {
  override readonly name = "HistoryFullError";
  constructor(
    message: string,
    readonly room: number,
  ) {
    super(message);
  }
}

/** The settings name a place that cannot hold the history until somebody changes something: no reason to start. */
export class HistoryPlaceError extends HistoryUnavailableError {
  override readonly name = "HistoryPlaceError";
}
