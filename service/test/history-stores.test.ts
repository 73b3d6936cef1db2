import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { JournaledHistoryStore } from "../src/adapters/journaled-history-store";
import { MongoHistoryStore } from "../src/adapters/mongo-history-store";
import { HistoryRecorder } from "../src/history/history-recorder";
import { systemClock } from "../src/adapters/system-clock";
import { HistoryUnavailableError } from "../src/ports/history-store";
import type { HistoryEntry } from "@berth/contract";
import type { HistoryStore } from "../src/ports/history-store";
import { historyEntry } from "./support/history-entry";
import { describeHistoryStore } from "./support/history-store-contract";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();

describe("LevelHistoryStore", () => {
  describeHistoryStore(() => LevelHistoryStore.open(newFolder()));

  it("has its entries after it was closed and opened again", async () => {
    const folder = newFolder();
    const entry = historyEntry();
    const before = await LevelHistoryStore.open(folder);
    await before.save([entry]);
    await before.close();
    const after = await LevelHistoryStore.open(folder);
    expect(await after.tryGet(entry.id)).toEqual(entry);
    await after.close();
  });

  it("fails with the remedy when another store uses its folder", async () => {
    const folder = newFolder();
    const first = await LevelHistoryStore.open(folder);
    await expect(LevelHistoryStore.open(folder)).rejects.toThrow(
      /in use by another process.*DATA_DIR/,
    );
    await first.close();
  });
});

/** A real store that can be taken away. */
class AwayableStore implements HistoryStore {
  away = false;
  saves = 0;
  constructor(private readonly store: HistoryStore) {}
  private reach(): HistoryStore {
    if (this.away) throw new HistoryUnavailableError("away");
    return this.store;
  }
  async save(entries: readonly HistoryEntry[]) {
    this.saves++;
    await this.reach().save(entries);
  }
  list = async (selection: Parameters<HistoryStore["list"]>[0]) => this.reach().list(selection);
  tryGet = async (id: string) => this.reach().tryGet(id);
  delete = async (id: string) => this.reach().delete(id);
  close = () => this.store.close();
}

describe("JournaledHistoryStore", () => {
  const clock = systemClock;

  describeHistoryStore(async () => {
    const store = await LevelHistoryStore.open(newFolder());
    return JournaledHistoryStore.open({ folder: newFolder(), store, clock, limit: 100 });
  });

  it("keeps entries while the store is away, across a restart, and hands each on once it is back", async () => {
    const folder = newFolder();
    const behindFolder = newFolder();
    const behind = new AwayableStore(await LevelHistoryStore.open(behindFolder));
    behind.away = true;
    const entries = Array.from({ length: 5 }, (_, i) => historyEntry(String(i)));
    const before = await JournaledHistoryStore.open({ folder, store: behind, clock, limit: 100 });
    await before.save(entries);
    expect(before.depth).toBe(5);
    expect(await before.tryGet(entries[0]!.id)).toEqual(entries[0]);
    await before.close();

    const store = await LevelHistoryStore.open(behindFolder);
    const after = await JournaledHistoryStore.open({ folder, store, clock, limit: 100 });
    await after.settle(5_000);
    expect(after.depth).toBe(0);
    expect((await after.list({ limit: 10 })).entries).toEqual([...entries].reverse());
    await after.close();
  });

  it("works off more than its limit with a recorder in front, since a batch shrinks until it fits", async () => {
    const store = await LevelHistoryStore.open(newFolder());
    const journaled = await JournaledHistoryStore.open({
      folder: newFolder(),
      store,
      clock,
      limit: 3,
    });
    const recorder = new HistoryRecorder({ store: journaled, clock });
    const entries = Array.from({ length: 10 }, (_, i) => historyEntry(String(i)));
    for (const entry of entries) recorder.record(entry);
    await recorder.settle(20_000);
    expect(recorder.depth).toBe(0);
    await journaled.settle(5_000);
    expect((await store.list({ limit: 20 })).entries).toEqual([...entries].reverse());
    await journaled.close();
  });

  it("fails to take more than its limit, and keeps what it has", async () => {
    const behind = new AwayableStore(await LevelHistoryStore.open(newFolder()));
    behind.away = true;
    const store = await JournaledHistoryStore.open({
      folder: newFolder(),
      store: behind,
      clock,
      limit: 2,
    });
    await store.save([historyEntry(), historyEntry()]);
    await expect(store.save([historyEntry()])).rejects.toThrow(
      /holds 2 entries and takes at most 2/,
    );
    expect(store.depth).toBe(2);
    await store.close();
  });

  it("fails to delete an entry that is still on its way, so that it cannot come back", async () => {
    const behind = new AwayableStore(await LevelHistoryStore.open(newFolder()));
    behind.away = true;
    const store = await JournaledHistoryStore.open({
      folder: newFolder(),
      store: behind,
      clock,
      limit: 2,
    });
    const entry = historyEntry();
    await store.save([entry]);
    await expect(store.delete(entry.id)).rejects.toThrow(HistoryUnavailableError);
    behind.away = false;
    expect(await store.delete(entry.id)).toBe(true);
    await store.close();
  });
});

describe("MongoHistoryStore", () => {
  const uri = process.env.BERTH_TEST_MONGODB_URI;
  let databases = 0;

  /** Without a server these are named as skipped; ./scripts/verify starts one. */
  (uri === undefined ? describe.skip : describe)(
    "against a server (BERTH_TEST_MONGODB_URI)",
    () => {
      describeHistoryStore(async () => {
        const database = new URL(uri!);
        database.pathname = `/berth_test_${process.pid}_${databases++}`;
        return new MongoHistoryStore(database.href);
      });
    },
  );

  it("takes the connection string of a replica set", async () => {
    const store = new MongoHistoryStore("mongodb://127.0.0.1:9,127.0.0.1:10/berth?replicaSet=rs0");
    await expect(store.list({ limit: 1 })).rejects.toThrow(/^MongoDB: .*ECONNREFUSED/);
    await store.close();
  });

  it("fails within about a second when there is no server, and again at the next try", async () => {
    const store = new MongoHistoryStore("mongodb://127.0.0.1:9/berth");
    await expect(store.list({ limit: 1 })).rejects.toThrow(HistoryUnavailableError);
    await expect(store.save([historyEntry()])).rejects.toThrow(/^MongoDB: /);
    await store.close();
  });
});
