import { mkdir } from "node:fs/promises";
import type { HistoryEntry, HistoryPage } from "@berth/contract";
import { ClassicLevel } from "classic-level";
import { HistoryUnavailableError } from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";

type Database = ClassicLevel<string, string>;

/** Sorts after every id. */
const afterIds = "~";

/** Opens a LevelDB folder, and explains what stands in the way. */
export async function openLevel(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const database: Database = new ClassicLevel(folder);
  try {
    await database.open();
  } catch (error) {
    const cause = (error as Error).cause as (Error & { code?: string }) | undefined;
    if (cause?.code === "LEVEL_LOCKED")
      throw new HistoryUnavailableError(
        `${folder} is in use by another process: stop it, or set DATA_DIR to another folder`,
        { cause: error },
      );
    if (cause?.code !== "LEVEL_CORRUPTION")
      throw new HistoryUnavailableError(`${folder} cannot be opened: ${cause?.message ?? error}`, {
        cause: error,
      });
    await ClassicLevel.repair(folder);
    await database.open();
  }
  return database;
}

/**
 * The embedded store: one folder, no server. What was saved survives the end of the process, `kill -9` included; an
 * entry and its place in the label index are written together or not at all.
 */
export class LevelHistoryStore implements HistoryStore {
  private readonly entries;
  private readonly labels;

  private constructor(private readonly database: Database) {
    this.entries = database.sublevel<string, HistoryEntry>("entries", { valueEncoding: "json" });
    this.labels = database.sublevel("labels");
  }

  /** @param folder made if it is missing. @throws {HistoryUnavailableError} with the remedy */
  static async open(folder: string): Promise<LevelHistoryStore> {
    return new LevelHistoryStore(await openLevel(folder));
  }

  async save(entries: readonly HistoryEntry[]): Promise<void> {
    try {
      let batch = this.database.batch();
      for (const entry of entries)
        batch = batch
          .put(entry.id, entry, { sublevel: this.entries, valueEncoding: "json" } as never)
          .put(labelKey(entry.label, entry.id), "", { sublevel: this.labels } as never);
      await batch.write();
    } catch (error) {
      throw unavailable(error);
    }
  }

  async list({ limit, cursor, label }: HistorySelection): Promise<HistoryPage> {
    try {
      // One more than the page shows whether there is a next one.
      const ids = await this.ids(limit + 1, cursor ?? afterIds, label);
      const found = await this.entries.getMany(ids.slice(0, limit));
      return {
        // One may have been deleted since its id was read.
        entries: found.filter((entry) => entry !== undefined),
        nextCursor: ids.length > limit ? ids[limit - 1]! : null,
      };
    } catch (error) {
      throw unavailable(error);
    }
  }

  async tryGet(id: string): Promise<HistoryEntry | undefined> {
    try {
      return await this.entries.get(id);
    } catch (error) {
      throw unavailable(error);
    }
  }

  async delete(id: string): Promise<boolean> {
    const entry = await this.tryGet(id);
    if (entry === undefined) return false;
    try {
      await this.database
        .batch()
        .del(id, { sublevel: this.entries } as never)
        .del(labelKey(entry.label, id), { sublevel: this.labels } as never)
        .write();
      return true;
    } catch (error) {
      throw unavailable(error);
    }
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  private async ids(limit: number, before: string, label: string | undefined): Promise<string[]> {
    if (label === undefined) return this.entries.keys({ lt: before, limit, reverse: true }).all();
    const range = { gt: labelKey(label, ""), lt: labelKey(label, before), limit, reverse: true };
    const keys = await this.labels.keys(range).all();
    return keys.map((key) => key.slice(labelKey(label, "").length));
  }
}

function labelKey(label: string, id: string): string {
  return `${encodeURIComponent(label)}/${id}`;
}

function unavailable(error: unknown): HistoryUnavailableError {
  return new HistoryUnavailableError(`the embedded history failed: ${(error as Error).message}`, {
    cause: error,
  });
}
