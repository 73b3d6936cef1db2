import type { HistoryPage, HistoryEntry } from "@berth/contract";
import { historyRead } from "@berth/contract";
import mongoose from "mongoose";
import type { Connection, Model } from "mongoose";
import type { Clock } from "../ports/clock";
import { HistoryUnavailableError } from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";
import { toDocument, toEntry } from "./mongo-document";
import type { MongoDocument } from "./mongo-document";
import {
  duplicateKey,
  historyCollection,
  migrate,
  newerRemedy,
  olderRemedy,
  schemaState,
} from "./mongo-migrations";
import { applyRetention } from "./mongo-retention";
import { systemClock } from "./system-clock";

export interface MongoHistoryStoreOptions {
  /** @default the machine's own */
  readonly clock?: Clock;
  /** Days after which MongoDB deletes an entry. @default it keeps them for ever */
  readonly retentionDays?: number | undefined;
  /** What went wrong without ending anything. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const { MongoBulkWriteError } = mongoose.mongo;

/** A connection string that names a database. It may name several hosts, so it is no URL. */
const namesDatabase = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]/;

/** How long a server is looked for, and a connection with all its handshakes may take. Who reads gives up earlier. */
const connectTimeoutMs = 2_000;

/** How long a batch may take to be written; the journal tries it again in smaller ones. */
const writeTimeoutMs = 5_000;

/** How long a look at the schema holds: a newer version's migrations may have run since. */
const schemaCheckMs = 10_000;

/** The fields that are asked for are typed; the rest is kept as it was answered. */
const schema = new mongoose.Schema<MongoDocument>(
  {
    _id: { type: String, required: true },
    label: { type: String, required: true },
  },
  { strict: false, versionKey: false, autoIndex: false, autoCreate: false },
);

/** What every connection to the history agrees on: a write counts once a majority of the replica set has it on disk. */
export function connectionOptions(uri: string): mongoose.ConnectOptions {
  return {
    bufferCommands: false,
    writeConcern: { w: "majority", journal: true },
    ...(namesDatabase.test(uri) ? {} : { dbName: "berth" }),
  };
}

/** An operation of the service gives up, with its connection, when nothing comes over it. */
const serviceTimeouts = {
  serverSelectionTimeoutMS: connectTimeoutMs,
  connectTimeoutMS: connectTimeoutMs,
  socketTimeoutMS: writeTimeoutMs,
} as const;

/** History in MongoDB. It starts without a server and finds it when it comes. */
export class MongoHistoryStore implements HistoryStore {
  private readonly model: Model<MongoDocument>;
  private readonly connection: Connection;
  private readonly clock: Clock;
  private connecting: Promise<unknown> | undefined;
  private connected = false;
  private checking: Promise<void> | undefined;
  private checkedAt: number | undefined;
  private retained = false;

  /** @param uri `mongodb://` or `mongodb+srv://`; its database, or `berth` when it names none */
  constructor(
    private readonly uri: string,
    private readonly options: MongoHistoryStoreOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.connection = mongoose.createConnection();
    this.model = this.connection.model<MongoDocument>("HistoryEntry", schema, historyCollection);
  }

  save(entries: readonly HistoryEntry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    return this.reach(async () => {
      try {
        await this.model.collection.insertMany(entries.map(toDocument) as never[], {
          ordered: false,
        });
      } catch (error) {
        if (!onlyDuplicates(error)) throw error;
      }
    });
  }

  list({ limit, cursor, label }: HistorySelection): Promise<HistoryPage> {
    return this.read(async (options) => {
      const found = await this.model
        .find({
          ...(cursor === undefined ? {} : { _id: mongoose.trusted({ $lt: cursor }) }),
          ...(label === undefined ? {} : { label }),
        })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .setOptions(options)
        .lean<MongoDocument[]>();
      const entries = found.slice(0, limit).map(toEntry);
      return { entries, nextCursor: found.length > limit ? entries.at(-1)!.id : null };
    });
  }

  tryGet(id: string): Promise<HistoryEntry | undefined> {
    return this.read(async (options) => {
      const found = await this.model.findOne({ _id: id }).setOptions(options).lean<MongoDocument>();
      return found === null ? undefined : toEntry(found);
    });
  }

  delete(id: string): Promise<boolean> {
    return this.read(async ({ sanitizeFilter }) => {
      const { deletedCount } = await this.model
        .deleteOne({ _id: id })
        .setOptions({ sanitizeFilter });
      return deletedCount > 0;
    });
  }

  async close(): Promise<void> {
    await this.connection.close(true);
  }

  /** Somebody waits for it, so it ends within the limit, whatever hangs, and leaves no connection behind that hangs. */
  private async read<T>(operation: (options: ReadOptions) => Promise<T>): Promise<T> {
    const { storeMs } = historyRead;
    const hung = new AbortController();
    let cancel = () => {};
    const limit = new Promise<never>((_resolve, reject) => {
      cancel = this.clock.schedule(storeMs, () => {
        hung.abort();
        reject(new HistoryUnavailableError(`MongoDB: no answer in ${storeMs} ms`));
      });
    });
    const reached = this.reach(() =>
      operation({ signal: hung.signal, maxTimeMS: storeMs, sanitizeFilter: true }),
    );
    reached.catch(() => {});
    try {
      return await Promise.race([reached, limit]);
    } finally {
      cancel();
    }
  }

  private async reach<T>(operation: () => Promise<T>): Promise<T> {
    try {
      if (!this.connected) await this.connect();
      if (this.clock.now() - (this.checkedAt ?? -Infinity) >= schemaCheckMs) await this.check();
      return await operation();
    } catch (error) {
      if (error instanceof HistoryUnavailableError) throw error;
      throw new HistoryUnavailableError(`MongoDB: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The first connection is made on first use, and tried anew until it stands; from then on the driver keeps it. */
  private async connect(): Promise<void> {
    this.connecting ??= this.connection
      .openUri(this.uri, { ...connectionOptions(this.uri), ...serviceTimeouts })
      .finally(() => (this.connecting = undefined));
    await this.connecting;
    this.connected = true;
  }

  /** Nothing is read or written that another version understands otherwise. Where nothing is yet, there is nothing to fear. */
  private async check(): Promise<void> {
    this.checking ??= this.checkSchema().finally(() => (this.checking = undefined));
    await this.checking;
  }

  private async checkSchema(): Promise<void> {
    const db = this.connection.db!;
    const state = await schemaState(db);
    if (state.kind === "older") throw new HistoryUnavailableError(olderRemedy(state.missing));
    if (state.kind === "newer") throw new HistoryUnavailableError(newerRemedy(state.version));
    if (state.kind === "empty") await migrate(db);
    this.checkedAt = this.clock.now();
    if (!this.retained) void this.retain();
  }

  /** Behind the scenes: an index over a long history takes its time. */
  private async retain(): Promise<void> {
    this.retained = true;
    try {
      await applyRetention(this.connection.db!, this.options.retentionDays);
    } catch (error) {
      this.options.onWarning?.(
        `HISTORY_RETENTION_DAYS is not in force: ${(error as Error).message}; run migrate-history`,
      );
    }
  }
}

/** Whether all that was refused is there already, put there by a write whose answer was lost. */
function onlyDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return false;
  const refused = [error.writeErrors].flat();
  return (
    refused.length > 0 &&
    refused.every(({ code }) => code === duplicateKey) &&
    error.result.getWriteConcernError() === undefined
  );
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly maxTimeMS: number;
  /** Values of a filter are taken as values, never as operators. */
  readonly sanitizeFilter: true;
}
