import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { JournaledHistoryStore } from "../src/adapters/journaled-history-store";
import { MongoHistoryStore } from "../src/adapters/mongo-history-store";
import { HistoryRecorder } from "../src/history/history-recorder";
import { systemClock } from "../src/adapters/system-clock";
import { HistoryUnavailableError } from "../src/ports/history-store";
import type { HistoryEntry, Label } from "@berth/contract";
import { v7 as uuidv7 } from "uuid";
import { msPerDay } from "../src/history/retention-sweep";
import { FakeClock, settleMicrotasks } from "./support/fake-clock";
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

  it("deletes what is older than its retention, from every list, as time goes by", async () => {
    const fake = new FakeClock();
    const folder = newFolder();
    const now = Date.now();
    const atDay = (day: number, label: Label) => {
      const id = uuidv7({ msecs: now + day * msPerDay });
      return { ...historyEntry(String(day), label), id };
    };
    // More than one piece of work, so that one sweep has to go on.
    const old = Array.from({ length: 1_200 }, () => atDay(-31, "Sports"));
    const kept = [atDay(-29, "Sports"), atDay(-1, "World")];
    const before = await LevelHistoryStore.open(folder);
    await before.save([...old, ...kept]);
    await before.close();

    const store = await LevelHistoryStore.open(folder, {
      clock: Object.assign(fake, { date: () => new Date(now + fake.now()) }),
      retentionDays: 30,
    });
    const left = async () => (await store.list({ limit: 2_000 })).entries;
    // Work on a disk takes real time; the clock of the store only says when it begins.
    while ((await left()).length > kept.length) await fake.advance(100);
    expect(await left()).toEqual([...kept].reverse());
    expect((await store.list({ limit: 9, label: "Sports" })).entries).toEqual([kept[0]]);
    await fake.advance(msPerDay - 60_000);
    expect(await left()).toHaveLength(2);
    while ((await left()).length > 1) await fake.advance(60_000);
    expect(await left()).toEqual([kept[1]]);
    await store.close();
  });

  it("keeps everything without a retention", async () => {
    const fake = new FakeClock();
    const store = await LevelHistoryStore.open(newFolder(), { clock: fake });
    const entry = { ...historyEntry(), id: uuidv7({ msecs: 1_000 }) };
    await store.save([entry]);
    await fake.advance(10 * msPerDay);
    expect((await store.list({ limit: 2 })).entries).toEqual([entry]);
    await store.close();
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
  /** Takes nothing, and can be read. */
  full = false;
  saves = 0;
  /** Runs before and after the store is asked for a list. */
  aroundList: { before?: () => Promise<void>; after?: () => Promise<void> } = {};
  constructor(private readonly store: HistoryStore) {}
  private reach(): HistoryStore {
    if (this.away) throw new HistoryUnavailableError("away");
    return this.store;
  }
  async save(entries: readonly HistoryEntry[]) {
    this.saves++;
    if (this.full) throw new HistoryUnavailableError("full");
    await this.reach().save(entries);
  }
  list = async (selection: Parameters<HistoryStore["list"]>[0]) => {
    await this.aroundList.before?.();
    const page = await this.reach().list(selection);
    await this.aroundList.after?.();
    return page;
  };
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

  /** Entries of two labels: every third in the store, every third in the journal, every third in both. */
  async function scattered() {
    const behind = new AwayableStore(await LevelHistoryStore.open(newFolder()));
    const journaled = await JournaledHistoryStore.open({
      folder: newFolder(),
      store: behind,
      clock,
      limit: 100,
    });
    const entries = Array.from({ length: 30 }, (_, i) =>
      historyEntry(String(i), i % 4 === 0 ? "Sports" : "World"),
    );
    await behind.save(entries.filter((_, i) => i % 3 !== 0));
    behind.full = true;
    await journaled.save(entries.filter((_, i) => i % 3 !== 1));
    return { behind, journaled, newestFirst: [...entries].reverse() };
  }

  async function allPages(store: HistoryStore, limit: number, label?: "Sports" | "World") {
    const found: HistoryEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ limit, cursor, label });
      expect(page.entries.length).toBeGreaterThan(0);
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      found.push(...page.entries);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  it.each([1, 2, 7, 29, 30, 31])(
    "lists what has arrived and what is on its way as one, in pages of %d",
    async (limit) => {
      const { journaled, newestFirst } = await scattered();
      expect(await allPages(journaled, limit)).toEqual(newestFirst);
      for (const label of ["Sports", "World"] as const)
        expect(await allPages(journaled, limit, label)).toEqual(
          newestFirst.filter((entry) => entry.label === label),
        );
      await journaled.close();
    },
  );

  it.each(["before", "after"] as const)(
    "lists each entry once though all of them arrive just %s the store is asked",
    async (moment) => {
      const { behind, journaled, newestFirst } = await scattered();
      behind.aroundList = {
        [moment]: async () => {
          behind.full = false;
          while (journaled.depth > 0) await journaled.settle(1_000);
        },
      };
      expect(await allPages(journaled, 8)).toEqual(newestFirst);
      await journaled.close();
    },
  );

  it("fails to list while the store is away, whatever is in the journal", async () => {
    const { behind, journaled } = await scattered();
    behind.away = true;
    await expect(journaled.list({ limit: 5 })).rejects.toThrow(/^away$/);
    await journaled.close();
  });

  it("hands on smaller pieces to a store that fails on large ones", async () => {
    const sizes: number[] = [];
    const store = await LevelHistoryStore.open(newFolder());
    const picky = {
      save: async (entries: readonly HistoryEntry[]) => {
        sizes.push(entries.length);
        if (entries.length > 10) throw new HistoryUnavailableError("too slow");
        await store.save(entries);
      },
      close: () => store.close(),
    } as unknown as HistoryStore;
    const journaled = await JournaledHistoryStore.open({
      folder: newFolder(),
      store: picky,
      clock,
      limit: 100,
    });
    await journaled.save(Array.from({ length: 40 }, () => historyEntry()));
    while (journaled.depth > 0) await journaled.settle(1_000);
    expect((await store.list({ limit: 50 })).entries).toHaveLength(40);
    expect(sizes.slice(0, 3)).toEqual([40, 20, 10]);
    await journaled.close();
  });

  it("hands on together what comes in a short while, and at once what fills a batch", async () => {
    const sizes: number[] = [];
    const store = await LevelHistoryStore.open(newFolder());
    const watched = {
      save: async (entries: readonly HistoryEntry[]) => {
        sizes.push(entries.length);
        await store.save(entries);
      },
      list: (selection: Parameters<HistoryStore["list"]>[0]) => store.list(selection),
      close: () => store.close(),
    } as unknown as HistoryStore;
    const fake = new FakeClock();
    const options = { folder: newFolder(), store: watched, clock: fake, limit: 1_000 };
    const journaled = await JournaledHistoryStore.open(options);
    const entries = Array.from({ length: 5 }, (_, i) => historyEntry(String(i)));
    for (const entry of entries) await journaled.save([entry]);
    expect([sizes, journaled.depth]).toEqual([[], 5]);
    // Nobody has to wait for it.
    expect((await journaled.list({ limit: 9 })).entries).toEqual([...entries].reverse());
    await fake.advance(250);
    while (journaled.depth > 0) await journaled.settle(1_000);
    expect(sizes).toEqual([5]);
    await journaled.save([entries[0]!]);
    await journaled.save([entries[0]!]);
    await journaled.settle(1_000);
    expect([sizes, journaled.depth]).toEqual([[5, 1], 0]);
    await journaled.save(Array.from({ length: 500 }, () => historyEntry()));
    while (journaled.depth > 0) await settleMicrotasks();
    expect(sizes).toEqual([5, 1, 500]);
    await journaled.close();
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

      it.each([
        ["cursor", { limit: 5, cursor: { $gt: "" } }],
        ["label", { limit: 5, label: { $ne: "" } }],
        ["label", { limit: 5, label: { $where: "true" } }],
        ["label", { limit: 5, label: JSON.parse('{"__proto__": {"$gt": ""}}') }],
      ])("fails on a %s that is no text, before it is a query", async (_what, selection) => {
        const database = new URL(uri!);
        database.pathname = `/berth_test_${process.pid}_${databases++}`;
        const store = new MongoHistoryStore(database.href);
        await store.save([historyEntry()]);
        await expect(store.list(selection as never)).rejects.toThrow(/Cast to string failed/i);
        await store.close();
      });
    },
  );

  it("takes the connection string of a replica set", async () => {
    const store = new MongoHistoryStore("mongodb://127.0.0.1:9,127.0.0.1:10/berth?replicaSet=rs0");
    await expect(store.save([historyEntry()])).rejects.toThrow(/^MongoDB: .*ECONNREFUSED/);
    await store.close();
  });

  it("fails within about a second when there is no server, and again at the next try", async () => {
    const store = new MongoHistoryStore("mongodb://127.0.0.1:9/berth");
    await expect(store.list({ limit: 1 })).rejects.toThrow(HistoryUnavailableError);
    await expect(store.save([historyEntry()])).rejects.toThrow(/^MongoDB: /);
    await store.close();
  });
});
