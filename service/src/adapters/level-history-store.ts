import type { HistoryEntry, HistoryPage } from "@berth/contract";
import { RetentionSweep } from "../history/retention-sweep";
import type { Clock } from "../ports/clock";
import { HistoryPlaceError } from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";
import { LevelFolder } from "./level-folder";
import type { LevelDatabase } from "./level-folder";
import { systemClock } from "./system-clock";

export interface LevelHistoryStoreOptions {
  /** @default the machine's own */
  readonly clock?: Clock;
  /** Days that an entry is kept. @default for ever */
  readonly retentionDays?: number | undefined;
  /** What went wrong without ending anything. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Sorts after every id. */
const afterIds = "~";

/**
 * How the entries lie in the folder. A step that changes this raises it, and brings older folders up to it in
 * {@link migrate}.
 */
const schemaVersion = 1;

const schemaVersionKey = "schemaVersion";

/**
 * The embedded store: one folder, no server. What was saved survives the end of the process, `kill -9` included; an
 * entry and its place in the label index are written together or not at all.
 */
export class LevelHistoryStore implements HistoryStore {
  private readonly folder: LevelFolder;
  private readonly sweep: RetentionSweep | undefined;

  private constructor(
    folder: string,
    private readonly options: LevelHistoryStoreOptions,
  ) {
    const { clock = systemClock, retentionDays, onWarning } = options;
    this.folder = new LevelFolder({ folder, onWarning, onOpen: (at) => migrate(folder, at) });
    if (retentionDays !== undefined)
      this.sweep = new RetentionSweep({
        clock,
        retentionDays,
        deleteBefore: (time, limit) => this.deleteBefore(time, limit),
        onFailure: (error) => onWarning?.(`what has expired cannot be deleted: ${error.message}`),
      });
  }

  /**
   * @param folder made if it is missing
   * @throws {HistoryPlaceError} with the remedy, if trying again is of no use. Other faults are a warning: the folder is
   *   opened again with each use.
   */
  static async open(
    folder: string,
    options: LevelHistoryStoreOptions = {},
  ): Promise<LevelHistoryStore> {
    const store = new LevelHistoryStore(folder, options);
    try {
      await store.folder.open();
    } catch (error) {
      if (error instanceof HistoryPlaceError) {
        await store.close();
        throw error;
      }
      options.onWarning?.((error as Error).message);
    }
    return store;
  }

  async save(entries: readonly HistoryEntry[]): Promise<void> {
    await this.folder.write(async (database) => {
      const { byId, byLabel } = layout(database);
      let batch = database.batch();
      for (const entry of entries)
        batch = batch
          .put(entry.id, JSON.stringify(entry), { sublevel: byId } as never)
          .put(labelKey(entry.label, entry.id), "", { sublevel: byLabel } as never);
      await batch.write();
    });
  }

  list({ limit, cursor, label }: HistorySelection): Promise<HistoryPage> {
    return this.folder.read(async (database) => {
      // One more than the page shows whether there is a next one.
      const ids = await idsBefore(database, limit + 1, cursor ?? afterIds, label);
      const page = ids.slice(0, limit);
      const found = await layout(database).byId.getMany(page);
      return {
        // One may have been deleted since its id was read.
        entries: found.flatMap((json, i) => this.parse(page[i]!, json) ?? []),
        nextCursor: ids.length > limit ? ids[limit - 1]! : null,
      };
    });
  }

  tryGet(id: string): Promise<HistoryEntry | undefined> {
    return this.folder.read(async (database) =>
      this.parse(id, await layout(database).byId.get(id)),
    );
  }

  async delete(id: string): Promise<boolean> {
    const entry = await this.tryGet(id);
    if (entry === undefined) return false;
    await this.folder.write((database) => remove(database, [entry]));
    return true;
  }

  async close(): Promise<void> {
    await this.sweep?.stop();
    await this.folder.close();
  }

  /** Deletes the oldest entries. Their ids begin with the time, so that nothing else is looked at. */
  private async deleteBefore(time: Date, limit: number): Promise<number> {
    const oldest = await this.folder.read((database) =>
      layout(database)
        .byId.iterator({ lt: firstIdAt(time), limit })
        .all(),
    );
    const entries = oldest.map(([id, json]) => this.parse(id, json) ?? { id, label: undefined });
    if (entries.length > 0) await this.folder.write((database) => remove(database, entries));
    return entries.length;
  }

  /** Damage on the disk makes one entry unreadable, not its page. */
  private parse(id: string, json: string | undefined): HistoryEntry | undefined {
    if (json === undefined) return undefined;
    try {
      return JSON.parse(json) as HistoryEntry;
    } catch (error) {
      this.options.onWarning?.(
        `the history entry ${id} is damaged and left out: ${(error as Error).message}`,
      );
      return undefined;
    }
  }
}

function makeLayout(database: LevelDatabase) {
  return { byId: database.sublevel("entries"), byLabel: database.sublevel("labels") };
}

/** A database keeps every sublevel that is made of it, so each is made once. */
const layouts = new WeakMap<LevelDatabase, ReturnType<typeof makeLayout>>();

function layout(database: LevelDatabase): ReturnType<typeof makeLayout> {
  const made = layouts.get(database) ?? makeLayout(database);
  layouts.set(database, made);
  return made;
}

async function idsBefore(
  database: LevelDatabase,
  limit: number,
  before: string,
  label: string | undefined,
): Promise<string[]> {
  const { byId, byLabel } = layout(database);
  if (label === undefined) return byId.keys({ lt: before, limit, reverse: true }).all();
  const range = { gt: labelKey(label, ""), lt: labelKey(label, before), limit, reverse: true };
  const keys = await byLabel.keys(range).all();
  return keys.map((key) => key.slice(labelKey(label, "").length));
}

async function remove(
  database: LevelDatabase,
  entries: readonly { readonly id: string; readonly label: string | undefined }[],
): Promise<void> {
  const { byId, byLabel } = layout(database);
  let batch = database.batch();
  for (const { id, label } of entries) {
    batch = batch.del(id, { sublevel: byId } as never);
    if (label !== undefined) batch = batch.del(labelKey(label, id), { sublevel: byLabel } as never);
  }
  await batch.write();
}

/** Brings a folder to {@link schemaVersion}; one that has no version yet is of the first. */
async function migrate(folder: string, database: LevelDatabase): Promise<void> {
  const meta = database.sublevel("meta");
  const found = await meta.get(schemaVersionKey);
  if (found === String(schemaVersion)) return;
  if (found !== undefined)
    throw new HistoryPlaceError(
      `${folder} was written by a newer version of Berth (schema ${found}; this one knows ${schemaVersion}): ` +
        "start that version again, or set DATA_DIR to another folder",
    );
  await meta.put(schemaVersionKey, String(schemaVersion));
}

function labelKey(label: string, id: string): string {
  return `${encodeURIComponent(label)}/${id}`;
}

/** The least id of a time: a UUID of version 7 begins with 48 bits of milliseconds. @see https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
function firstIdAt(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
