import type { HistoryEntry, HistoryPage } from "@berth/contract";
import mongoose from "mongoose";
import type { Connection, Model } from "mongoose";
import { HistoryUnavailableError } from "../ports/history-store";
import type { HistorySelection, HistoryStore } from "../ports/history-store";

/** A connection string that names a database. It may name several hosts, so it is no URL. */
const namesDatabase = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]/;

type Document = Omit<HistoryEntry, "id"> & { _id: string };

/** How long an operation looks for a server. Reads must say within a second that the store is away. */
const serverSelectionTimeoutMs = 800;

/** The indexed fields are typed; the rest is kept as it was answered. */
const schema = new mongoose.Schema<Document>(
  {
    _id: { type: String, required: true },
    label: { type: String, required: true },
    createdAt: { type: String, required: true },
  },
  { strict: false, versionKey: false, autoIndex: false, autoCreate: false },
);
// Newest of one label first; without a label, _id alone sorts.
schema.index({ label: 1, _id: -1 });

/** History in MongoDB. It starts without a server and finds it when it comes. */
export class MongoHistoryStore implements HistoryStore {
  private readonly model: Model<Document>;
  private indexed: Promise<unknown> | undefined;

  private readonly connection: Connection;
  private connecting: Promise<unknown> | undefined;
  private connected = false;

  /** @param uri `mongodb://` or `mongodb+srv://`; its database, or `berth` when it names none */
  constructor(private readonly uri: string) {
    this.connection = mongoose.createConnection();
    this.model = this.connection.model<Document>("HistoryEntry", schema, "history");
  }

  async save(entries: readonly HistoryEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.reach(async () => {
      this.indexed ??= this.model.createIndexes().catch((error: unknown) => {
        this.indexed = undefined;
        throw error;
      });
      await this.indexed;
      await this.model.collection.bulkWrite(
        entries.map(({ id, ...entry }) => ({
          replaceOne: { filter: { _id: id as never }, replacement: entry, upsert: true },
        })),
        { ordered: false },
      );
    });
  }

  list({ limit, cursor, label }: HistorySelection): Promise<HistoryPage> {
    return this.reach(async () => {
      const filter = {
        ...(cursor === undefined ? {} : { _id: { $lt: cursor } }),
        ...(label === undefined ? {} : { label }),
      };
      const found = await this.model
        .find(filter)
        .sort({ _id: -1 })
        .limit(limit + 1)
        .lean<Document[]>();
      const entries = found.slice(0, limit).map(toEntry);
      return { entries, nextCursor: found.length > limit ? entries.at(-1)!.id : null };
    });
  }

  tryGet(id: string): Promise<HistoryEntry | undefined> {
    return this.reach(async () => {
      const found = await this.model.findById(id).lean<Document>();
      return found === null ? undefined : toEntry(found);
    });
  }

  delete(id: string): Promise<boolean> {
    return this.reach(async () => (await this.model.deleteOne({ _id: id })).deletedCount > 0);
  }

  async close(): Promise<void> {
    await this.connection.close(true);
  }

  private async reach<T>(operation: () => Promise<T>): Promise<T> {
    try {
      if (!this.connected) await this.connect();
      return await operation();
    } catch (error) {
      throw new HistoryUnavailableError(`MongoDB: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The first connection is made on first use, and tried anew until it stands; from then on the driver keeps it. */
  private async connect(): Promise<void> {
    this.connecting ??= this.connection
      .openUri(this.uri, {
        bufferCommands: false,
        serverSelectionTimeoutMS: serverSelectionTimeoutMs,
        connectTimeoutMS: serverSelectionTimeoutMs,
        socketTimeoutMS: 5_000,
        ...(namesDatabase.test(this.uri) ? {} : { dbName: "berth" }),
      })
      .finally(() => (this.connecting = undefined));
    await this.connecting;
    this.connected = true;
  }
}

function toEntry({ _id, ...entry }: Document): HistoryEntry {
  return { id: _id, ...entry };
}
