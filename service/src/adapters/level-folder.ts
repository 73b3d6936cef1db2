import { mkdir, rename } from "node:fs/promises";
import { ClassicLevel } from "classic-level";
import { HistoryPlaceError, HistoryUnavailableError } from "../ports/history-store";

export type LevelDatabase = ClassicLevel<string, string>;

export interface LevelFolderOptions {
  /** Made if it is missing. */
  readonly folder: string;
  /** What went wrong without ending anything: damage that was repaired, a folder that was set aside. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Whether a folder that cannot be repaired is renamed and begun anew. @default false: it fails, again and again */
  readonly setAside?: boolean;
  /** Looks at the database, or changes it, before anything else does. */
  readonly onOpen?: (database: LevelDatabase) => Promise<void>;
}

/** Faults of the place itself, by the system's own words: another folder, or other permissions, are needed. */
const placeFaults = /Permission denied|EACCES|EPERM|Read-only file system|EROFS|ENOTDIR|EEXIST/;

/** Damage, beside what LevelDB itself calls corruption. Whatever else fails (a full disk, no free file handle) passes. */
const damage = /No such file|Is a directory|Not a directory/;

/** A repair that failed for want of space says nothing about the damage. */
const diskFull = /No space left|quota exceeded|File too large/i;

/**
 * A LevelDB database that is opened when it is needed, and opened anew after a write that failed: LevelDB goes on
 * writing behind a record that it wrote by half, and such a log loses what follows when it is read again.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
export class LevelFolder {
  private opened: Promise<LevelDatabase> | undefined;
  private closed = false;

  constructor(private readonly options: LevelFolderOptions) {}

  /**
   * The database, opened.
   *
   * @throws {HistoryPlaceError} with the remedy, if trying again is of no use
   * @throws {HistoryUnavailableError}
   */
  open(): Promise<LevelDatabase> {
    if (this.closed) return Promise.reject(new HistoryUnavailableError("the store is closed"));
    this.opened ??= this.openOrRepair().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  /** Runs an operation that changes nothing. @throws {HistoryUnavailableError} */
  async read<T>(operation: (database: LevelDatabase) => Promise<T>): Promise<T> {
    const database = await this.open();
    try {
      return await operation(database);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** Runs an operation that writes, all or nothing. @throws {HistoryUnavailableError} */
  async write(operation: (database: LevelDatabase) => Promise<void>): Promise<void> {
    const opening = this.open();
    const database = await opening;
    try {
      await operation(database);
    } catch (error) {
      if (this.opened === opening) {
        this.opened = undefined;
        await database.close().catch(() => {});
      }
      throw this.failed(error);
    }
  }

  /** Nothing opens afterwards. */
  async close(): Promise<void> {
    this.closed = true;
    const database = await this.opened?.catch(() => undefined);
    await database?.close();
  }

  private failed(error: unknown): HistoryUnavailableError {
    if (error instanceof HistoryUnavailableError) return error;
    return new HistoryUnavailableError(`${this.options.folder}: ${reasonOf(error)}`, {
      cause: error,
    });
  }

  private async openOrRepair(): Promise<LevelDatabase> {
    const { folder, onOpen } = this.options;
    let database: LevelDatabase;
    try {
      database = await openLevel(folder);
    } catch (error) {
      const fault = passingFault(folder, error);
      if (fault !== undefined) throw fault;
      database = await this.repair(reasonOf(error));
    }
    try {
      await onOpen?.(database);
    } catch (error) {
      await database.close();
      throw this.failed(error);
    }
    return database;
  }

  private async repair(reason: string): Promise<LevelDatabase> {
    const { folder, onWarning, setAside } = this.options;
    try {
      await ClassicLevel.repair(folder);
      const database = await openLevel(folder);
      onWarning?.(`${folder} was damaged and is repaired; what was damaged is lost: ${reason}`);
      return database;
    } catch (error) {
      const what = `${folder} is damaged and cannot be repaired: ${reason}; ${reasonOf(error)}`;
      if (setAside !== true || diskFull.test(reasonOf(error)))
        throw new HistoryUnavailableError(
          `${what}; put a backup in its place, or move it away to begin anew`,
          { cause: error },
        );
      const aside = `${folder}.damaged-${Date.now()}`;
      try {
        await rename(folder, aside);
        const database = await openLevel(folder);
        onWarning?.(`${what}; it was set aside as ${aside}, and a new one begun`);
        return database;
      } catch (again) {
        throw new HistoryUnavailableError(`${what}; ${reasonOf(again)}`, { cause: again });
      }
    }
  }
}

async function openLevel(folder: string): Promise<LevelDatabase> {
  await mkdir(folder, { recursive: true });
  const database: LevelDatabase = new ClassicLevel(folder);
  await database.open();
  return database;
}

/** A fault that is no damage, with what helps; `undefined` if it is damage. */
function passingFault(folder: string, error: unknown): HistoryUnavailableError | undefined {
  const reason = reasonOf(error);
  const code = codeOf(error);
  if (code === "LEVEL_LOCKED")
    return new HistoryPlaceError(
      `${folder} is in use by another process: stop it, or set DATA_DIR to another folder`,
      { cause: error },
    );
  if (placeFaults.test(reason))
    return new HistoryPlaceError(
      `${folder} cannot be written: ${reason}; let the service write there, or set DATA_DIR to another folder`,
      { cause: error },
    );
  if (code === "LEVEL_CORRUPTION" || damage.test(reason)) return undefined;
  return new HistoryUnavailableError(`${folder} cannot be opened: ${reason}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return ((error as Error).cause as { code?: string } | undefined)?.code;
}

/** What LevelDB or the system says, which the binding keeps as the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause as Error | undefined)?.message ?? message;
}
