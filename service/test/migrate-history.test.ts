import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import mongoose from "mongoose";
import type { Connection } from "mongoose";
import { MongoHistoryStore, connectionOptions } from "../src/adapters/mongo-history-store";
import { historyCollection, migrations, schemaVersion } from "../src/adapters/mongo-migrations";
import { historyEntry } from "./support/history-entry";

jest.setTimeout(120_000);

const entryFile = join(__dirname, "..", "dist", "migrate-history.js");

interface Ended {
  readonly status: number | NodeJS.Signals;
  readonly output: string;
  readonly errors: string;
  /** From its first line to its end. */
  readonly workedMs: number;
}

/** The built program. @param killAfterMs kills it with SIGKILL so long after its first line; never when undefined */
async function migrateHistory(
  env: Record<string, string>,
  args: readonly string[] = [],
  killAfterMs?: number,
): Promise<Ended> {
  const child = spawn(process.execPath, [entryFile, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  let begunAt = 0;
  child.stdout.once("data", () => {
    begunAt = performance.now();
    if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  const [code, signal] = (await once(child, "close")) as [number, NodeJS.Signals];
  return { status: signal ?? code, output, errors, workedMs: performance.now() - begunAt };
}

describe("migrate-history", () => {
  it("says what it does when it is asked", async () => {
    const { status, output } = await migrateHistory({}, ["--help"]);
    expect([status, output]).toEqual([0, expect.stringContaining("usage: migrate-history")]);
  });

  it("has nothing to do for the embedded history", async () => {
    const { status, output } = await migrateHistory({});
    expect([status, output]).toEqual([0, expect.stringContaining("MONGODB_URI is not set")]);
  });

  it("fails with 2 and the reason on an option or a setting that does not exist", async () => {
    const option = await migrateHistory({}, ["--dry"]);
    expect([option.status, option.errors]).toEqual([2, expect.stringContaining("--dry")]);
    const setting = await migrateHistory({ HISTORY_RETENTION_DAYS: "0" });
    expect([setting.status, setting.errors]).toEqual([
      2,
      expect.stringContaining("HISTORY_RETENTION_DAYS"),
    ]);
  });

  it("fails with 1 and the reason when MongoDB is away", async () => {
    const { status, errors } = await migrateHistory({
      MONGODB_URI: "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100",
    });
    expect([status, errors]).toEqual([1, expect.stringContaining("ECONNREFUSED")]);
  });
});

const server = process.env.BERTH_TEST_MONGODB_URI;

/** Without a server these are named as skipped; ./scripts/verify starts one. */
(server === undefined ? describe.skip : describe)(
  "migrate-history against a server (BERTH_TEST_MONGODB_URI)",
  () => {
    let databases = 0;
    const connections: Connection[] = [];
    afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.close())));

    /** As the first version of Berth left it: dates are strings, and nothing is written down. */
    async function oldHistory(documents: number) {
      const url = new URL(server!);
      url.pathname = `/berth_migrate_${process.pid}_${databases++}`;
      const connection = mongoose.createConnection(url.href, connectionOptions(url.href));
      connections.push(connection);
      const { db } = await connection.asPromise();
      const made = Array.from({ length: documents }, (_, i) => {
        const { id, ...entry } = historyEntry(`text ${i}`);
        return { _id: id as never, ...entry };
      });
      for (let from = 0; from < made.length; from += 500)
        await db!.collection(historyCollection).insertMany(made.slice(from, from + 500));
      return { uri: url.href, db: db! };
    }

    /** Everything that is there; of a record, all but when it was written. */
    async function stateOf(db: mongoose.mongo.Db) {
      const records = await db.collection("migrations").find().sort({ _id: 1 }).toArray();
      return {
        documents: await db.collection(historyCollection).find().sort({ _id: 1 }).toArray(),
        indexes: await db.collection(historyCollection).listIndexes().toArray(),
        records: records.map(({ finishedAt, ...record }) => ({
          ...record,
          finished: finishedAt instanceof Date,
        })),
      };
    }

    it("brings an old history to this version: indexes, dates, and a record of each migration", async () => {
      const { uri, db } = await oldHistory(3);
      const before = await stateOf(db);
      const { status, errors } = await migrateHistory({ MONGODB_URI: uri });
      expect([status, errors]).toEqual([0, ""]);
      const after = await stateOf(db);
      expect(after.documents).toEqual(
        before.documents.map((one) => ({ ...one, createdAt: new Date(String(one.createdAt)) })),
      );
      expect(after.indexes).toContainEqual(expect.objectContaining({ key: { label: 1, _id: -1 } }));
      expect(after.records).toEqual(
        migrations.map(({ version, name, usableFrom }) => ({
          _id: version,
          name,
          usableFrom,
          finished: true,
        })),
      );
    });

    it("changes nothing when it runs again, and dates what an older version wrote meanwhile", async () => {
      const { uri, db } = await oldHistory(2);
      await migrateHistory({ MONGODB_URI: uri });
      const once = await stateOf(db);
      const { output } = await migrateHistory({ MONGODB_URI: uri });
      expect(output).toContain("no migration to run");
      expect(await stateOf(db)).toEqual(once);

      const { id, ...late } = historyEntry("late");
      await db.collection(historyCollection).insertOne({ _id: id as never, ...late });
      await migrateHistory({ MONGODB_URI: uri });
      const found = await db.collection(historyCollection).findOne({ _id: id as never });
      expect(found!.createdAt).toEqual(new Date(late.createdAt));
    });

    it("says in a dry run what it would do, and does nothing", async () => {
      const { uri, db } = await oldHistory(3);
      const before = await stateOf(db);
      const { status, output } = await migrateHistory(
        { MONGODB_URI: uri, HISTORY_RETENTION_DAYS: "30" },
        ["--dry-run"],
      );
      expect(status).toBe(0);
      expect(output).toContain("migration 1, index by label: would make the index");
      expect(output).toContain("would turn createdAt of 3 documents");
      expect(output).toContain("retention: would be 30 days, new");
      expect(await stateOf(db)).toEqual(before);
    });

    it("fails with 1 where the server has no TTL index, after the migrations", async () => {
      const { uri, db } = await oldHistory(1);
      const { status, errors } = await migrateHistory({
        MONGODB_URI: uri,
        HISTORY_RETENTION_DAYS: "30",
      });
      expect([status, errors]).toEqual([1, expect.stringContaining("expireAfterSeconds")]);
      expect((await stateOf(db)).records).toHaveLength(migrations.length);
    });

    it("leaves a document whose createdAt is no date as it is, and says so", async () => {
      const { uri, db } = await oldHistory(1);
      await db
        .collection(historyCollection)
        .insertOne({ _id: "0" as never, createdAt: "yesterday" });
      const { status, output } = await migrateHistory({ MONGODB_URI: uri });
      expect([status, output]).toEqual([0, expect.stringContaining("1 documents whose createdAt")]);
      const found = await db.collection(historyCollection).findOne({ _id: "0" as never });
      expect(found!.createdAt).toBe("yesterday");
    });

    it("ends the same however often and wherever it was killed, and with two at once", async () => {
      const documents = 600;
      const undisturbed = await oldHistory(0);
      const killed = await oldHistory(documents);
      const before = await stateOf(killed.db);
      await undisturbed.db.collection(historyCollection).insertMany(before.documents);
      const whole = await migrateHistory({ MONGODB_URI: undisturbed.uri });
      expect(whole.status).toBe(0);

      const dated: number[] = [];
      for (let kills = 0; kills < 30; kills++) {
        const killAfterMs = (whole.workedMs / 6) * Math.random();
        const ended = await migrateHistory({ MONGODB_URI: killed.uri }, [], killAfterMs);
        if (ended.status !== "SIGKILL") break;
        const filter = { createdAt: { $type: "date" as const } };
        dated.push(await killed.db.collection(historyCollection).countDocuments(filter));
        // A run that was cut off leaves something to see.
        if (dated.at(-1)! < documents)
          expect(await stateOf(killed.db)).not.toEqual(await stateOf(undisturbed.db));
      }
      // Otherwise the kills came too late or too early to show anything.
      expect(dated.filter((count) => count > 0 && count < documents).length).toBeGreaterThan(3);
      const two = await Promise.all([
        migrateHistory({ MONGODB_URI: killed.uri }),
        migrateHistory({ MONGODB_URI: killed.uri }),
      ]);
      expect(two.map(({ status, errors }) => [status, errors])).toEqual([
        [0, ""],
        [0, ""],
      ]);
      expect(await stateOf(killed.db)).toEqual(await stateOf(undisturbed.db));
    });

    it("is told by the service's store, which reads and writes nothing until it ran", async () => {
      const { uri, db } = await oldHistory(2);
      const store = new MongoHistoryStore(uri);
      const remedy = /lacks the migrations 1 \(index by label\), 2 .*: run migrate-history/;
      await expect(store.save([historyEntry()])).rejects.toThrow(remedy);
      await expect(store.list({ limit: 1 })).rejects.toThrow(remedy);
      expect(await db.collection(historyCollection).countDocuments()).toBe(2);
      await migrateHistory({ MONGODB_URI: uri });
      await store.save([historyEntry()]);
      expect((await store.list({ limit: 5 })).entries).toHaveLength(3);
      await store.close();
    });

    it("is not needed for an empty database, which the service's store makes itself", async () => {
      const { uri, db } = await oldHistory(0);
      const store = new MongoHistoryStore(uri);
      await store.save([historyEntry()]);
      await store.close();
      const { records, indexes } = await stateOf(db);
      expect(records).toHaveLength(migrations.length);
      expect(indexes).toContainEqual(expect.objectContaining({ key: { label: 1, _id: -1 } }));
    });

    it.each([
      ["this version may still use", schemaVersion, true],
      ["this version must not touch", schemaVersion + 1, false],
    ])("lets the store of a newer version go on where %s it", async (_what, usableFrom, usable) => {
      const { uri, db } = await oldHistory(0);
      await migrateHistory({ MONGODB_URI: uri });
      await db.collection("migrations").insertOne({
        _id: (schemaVersion + 1) as never,
        name: "of the future",
        usableFrom,
        finishedAt: new Date(),
      });
      const store = new MongoHistoryStore(uri);
      const saved = store.save([historyEntry()]);
      if (usable) await saved;
      else await expect(saved).rejects.toThrow(/run the newer version of Berth/);
      const { status } = await migrateHistory({ MONGODB_URI: uri });
      expect(status).toBe(usable ? 0 : 1);
      await store.close();
    });
  },
);
