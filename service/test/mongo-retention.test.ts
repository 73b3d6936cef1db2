import mongoose from "mongoose";
import type { Connection } from "mongoose";
import { MongoHistoryStore, connectionOptions } from "../src/adapters/mongo-history-store";
import { historyCollection, migrate } from "../src/adapters/mongo-migrations";
import { applyRetention, retentionIndex } from "../src/adapters/mongo-retention";
import { FakeMongoServer } from "./support/fake-mongo-server";
import { historyEntry } from "./support/history-entry";

// FerretDB 1.24, the one server of MongoDB's protocol that can be had here, refuses TTL indexes and knows no collMod, so the
// commands go to a double. That entries do expire is MongoDB's own affair.

const day = 24 * 60 * 60;
const indexNamed = (server: FakeMongoServer) =>
  server.indexes.get(historyCollection)?.find(({ name }) => name === retentionIndex);

let server: FakeMongoServer;
let connection: Connection;
beforeEach(async () => {
  server = await FakeMongoServer.start();
  const options = connectionOptions(server.uri);
  connection = await mongoose.createConnection(server.uri, options).asPromise();
});
afterEach(async () => {
  await connection.close();
  server.close();
});

describe("applyRetention", () => {
  it("makes, changes and drops the index that lets entries expire", async () => {
    expect(await applyRetention(connection.db!, 30)).toMatchObject({ kind: "create" });
    expect(indexNamed(server)).toMatchObject({
      key: { createdAt: 1 },
      expireAfterSeconds: 30 * day,
    });
    expect(await applyRetention(connection.db!, 7)).toMatchObject({ kind: "modify" });
    expect(indexNamed(server)).toMatchObject({ expireAfterSeconds: 7 * day });
    expect(await applyRetention(connection.db!, undefined)).toEqual({ kind: "drop" });
    expect(indexNamed(server)).toBeUndefined();
  });

  it("changes nothing when all is as the setting says", async () => {
    expect(await applyRetention(connection.db!, undefined)).toEqual({ kind: "none" });
    await applyRetention(connection.db!, 30);
    server.commands.length = 0;
    expect(await applyRetention(connection.db!, 30)).toEqual({ kind: "none" });
    expect(server.commands).toEqual(["listIndexes"]);
  });

  it("leaves one index when it runs twice at once", async () => {
    await Promise.all([applyRetention(connection.db!, 30), applyRetention(connection.db!, 30)]);
    expect(server.indexes.get(historyCollection)).toHaveLength(1);
    await Promise.all([
      applyRetention(connection.db!, undefined),
      applyRetention(connection.db!, undefined),
    ]);
    expect(server.indexes.get(historyCollection)).toHaveLength(0);
  });

  it("fails where the server knows no such index, instead of keeping entries for ever unsaid", async () => {
    server.refuses.add("createIndexes");
    await expect(applyRetention(connection.db!, 30)).rejects.toThrow(/no createIndexes here/);
  });
});

describe("MongoHistoryStore with a retention", () => {
  it.each([
    [30, "createIndexes", 30 * day],
    [7, "collMod", 7 * day],
    [undefined, "dropIndexes", undefined],
  ])(
    "brings it into force when it starts with %s days",
    async (retentionDays, command, seconds) => {
      if (retentionDays !== 30) await applyRetention(connection.db!, 30);
      const store = new MongoHistoryStore(server.uri, { retentionDays });
      await store.save([historyEntry()]);
      await server.answered(command);
      expect(indexNamed(server)?.expireAfterSeconds).toBe(seconds);
      await store.close();
    },
  );

  it("fails to bring it into force with a warning, and goes on writing", async () => {
    await migrate(connection.db!);
    server.refuses.add("createIndexes");
    const warnings: string[] = [];
    const store = new MongoHistoryStore(server.uri, {
      retentionDays: 7,
      onWarning: (message) => warnings.push(message),
    });
    await store.save([historyEntry()]);
    await server.answered("createIndexes");
    // Its answer comes before that to a later question.
    await store.list({ limit: 1 });
    expect(warnings).toEqual([
      "HISTORY_RETENTION_DAYS is not in force: no createIndexes here; run migrate-history",
    ]);
    await store.close();
  });

  it("stores createdAt as a date, since nothing else expires", async () => {
    const store = new MongoHistoryStore(server.uri);
    const entry = historyEntry();
    await store.save([entry]);
    expect(server.collections.get(historyCollection)!.get(entry.id)!.createdAt).toEqual(
      new Date(entry.createdAt),
    );
    expect(await store.tryGet(entry.id)).toEqual(entry);
    await store.close();
  });
});
