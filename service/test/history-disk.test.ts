import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { historyResponse, metrics, paths } from "@berth/contract";
import { ClassicLevel } from "classic-level";
import { JournaledHistoryStore } from "../src/adapters/journaled-history-store";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { systemClock as clock } from "../src/adapters/system-clock";
import { HistoryPlaceError, HistoryUnavailableError } from "../src/ports/history-store";
import { emptyLoad, readHistory, sendLoad } from "./support/answered-load";
import { countStored } from "./support/count-stored";
import { historyEntry } from "./support/history-entry";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";
import { until } from "./support/until";

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const away = "mongodb://127.0.0.1:9/berth";
const dropped = `${metrics.historyWrites.name}{outcome="dropped"}`;

const stored = `${metrics.historyWrites.name}{outcome="stored"}`;

const running: RunningService[] = [];
function start(env: Parameters<typeof RunningService.start>[0]): RunningService {
  const service = RunningService.start(env);
  running.push(service);
  return service;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
});

/** What LevelDB calls corruption, and can repair. */
const spoil = (folder: string) => writeFile(join(folder, "CURRENT"), "spoilt");

/** What LevelDB cannot repair. */
async function spoilForGood(folder: string): Promise<void> {
  await rm(join(folder, "CURRENT"), { force: true });
  await mkdir(join(folder, "CURRENT"), { recursive: true });
}

describe("a damaged folder of the embedded history", () => {
  it("is repaired, said, and has what could be read", async () => {
    const folder = newFolder();
    const before = await LevelHistoryStore.open(folder);
    const entry = historyEntry();
    await before.save([entry]);
    await before.close();
    await spoil(folder);
    const warnings: string[] = [];
    const after = await LevelHistoryStore.open(folder, { onWarning: (one) => warnings.push(one) });
    expect(await after.tryGet(entry.id)).toEqual(entry);
    expect(warnings).toEqual([expect.stringMatching(/was damaged and is repaired/)]);
    await after.close();
  });

  it("fails each use with the remedy where it cannot be repaired, until it is mended", async () => {
    const folder = newFolder();
    await spoilForGood(folder);
    const warnings: string[] = [];
    const store = await LevelHistoryStore.open(folder, { onWarning: (one) => warnings.push(one) });
    const remedy = /is damaged and cannot be repaired.*put a backup in its place/;
    expect(warnings).toEqual([expect.stringMatching(remedy)]);
    await expect(store.save([historyEntry()])).rejects.toThrow(remedy);
    await expect(store.list({ limit: 1 })).rejects.toThrow(HistoryUnavailableError);
    await rm(join(folder, "CURRENT"), { recursive: true });
    const entry = historyEntry();
    await store.save([entry]);
    expect((await store.list({ limit: 2 })).entries).toEqual([entry]);
    await store.close();
  });

  it("leaves out an entry that cannot be read, and its page stays", async () => {
    const folder = newFolder();
    const entries = [historyEntry("1"), historyEntry("2"), historyEntry("3")];
    const before = await LevelHistoryStore.open(folder);
    await before.save(entries);
    await before.close();
    const database = new ClassicLevel(folder);
    await database.sublevel("entries").put(entries[1]!.id, '{"id": "cut');
    await database.close();
    const warnings: string[] = [];
    const after = await LevelHistoryStore.open(folder, { onWarning: (one) => warnings.push(one) });
    expect(await after.list({ limit: 5 })).toEqual({
      entries: [entries[2], entries[0]],
      nextCursor: null,
    });
    expect(warnings).toEqual([expect.stringContaining(entries[1]!.id)]);
    await after.close();
  });

  it("fails to open what a newer version wrote, with the remedy", async () => {
    const folder = newFolder();
    await (await LevelHistoryStore.open(folder)).close();
    const database = new ClassicLevel(folder);
    expect(await database.sublevel("meta").get("schemaVersion")).toBe("1");
    await database.sublevel("meta").put("schemaVersion", "2");
    await database.close();
    const opened = LevelHistoryStore.open(folder);
    await expect(opened).rejects.toThrow(HistoryPlaceError);
    await expect(opened).rejects.toThrow(/newer version of Berth \(schema 2; this one knows 1\)/);
  });

  it("does not keep the service from answering; its history is unavailable, and complete once it is mended", async () => {
    const data = newFolder();
    await mkdir(join(data, "history"));
    await spoilForGood(join(data, "history"));
    const service = start({ DATA_DIR: data });
    await service.ready();
    const load = emptyLoad();
    await sendLoad(service, load, { ratePerSecond: 20, durationMs: 1_000 });
    expect([load.failures, load.answers.size]).toEqual([[], 20]);
    expect(await readHistory(service)).toMatchObject({ status: 503, code: "history_unavailable" });
    const { err } = await service.logged((line) => line.msg.startsWith("the history cannot be"));
    expect((err as Error).message).toMatch(/is damaged and cannot be repaired/);
    expect(await service.metric(metrics.journalDepth.name)).toBe(20);

    await rm(join(data, "history", "CURRENT"), { recursive: true });
    while ((await service.metric(metrics.journalDepth.name)) > 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await service.metric(dropped)).toBe(0);
    const page = historyResponse.parse(
      await (await fetch(`${await service.url()}${paths.history}?limit=100`)).json(),
    );
    expect(page.entries.map(({ id }) => id).sort()).toEqual([...load.answers.keys()].sort());
  });
});

describe("a damaged journal", () => {
  const open = (folder: string, heard: { warnings: string[]; lost: number }) =>
    LevelHistoryStore.open(newFolder()).then((store) =>
      JournaledHistoryStore.open({
        folder,
        store,
        clock,
        limit: 100,
        onWarning: (message) => heard.warnings.push(message),
        onLost: (entries) => (heard.lost += entries),
      }),
    );

  it("is set aside where it cannot be repaired, and a new one goes on", async () => {
    const folder = join(newFolder(), "journal");
    await mkdir(folder);
    await spoilForGood(folder);
    const heard = { warnings: [] as string[], lost: 0 };
    const journaled = await open(folder, heard);
    expect(heard.warnings).toEqual([expect.stringMatching(/cannot be repaired.*set aside as/)]);
    expect(readdirSync(join(folder, ".."))).toContainEqual(
      expect.stringMatching(/^journal\.damaged-/),
    );
    const entry = historyEntry();
    await journaled.save([entry]);
    await journaled.settle(5_000);
    expect((await journaled.list({ limit: 2 })).entries).toEqual([entry]);
    await journaled.close();
  });

  it("hands on what can be read, and counts what cannot", async () => {
    const folder = newFolder();
    const entries = [historyEntry("1"), historyEntry("2"), historyEntry("3")];
    const database = new ClassicLevel(folder);
    for (const entry of entries) await database.put(entry.id, JSON.stringify(entry));
    await database.put(entries[1]!.id, "\u0000spoilt");
    await database.close();
    const heard = { warnings: [] as string[], lost: 0 };
    const journaled = await open(folder, heard);
    expect(journaled.depth).toBe(3);
    await journaled.settle(5_000);
    expect(journaled.depth).toBe(0);
    expect(heard.lost).toBe(1);
    expect((await journaled.list({ limit: 5 })).entries).toEqual([entries[2], entries[0]]);
    await journaled.close();
  });

  it("does not keep the service from answering and journaling", async () => {
    const data = newFolder();
    await mkdir(join(data, "journal"));
    await spoilForGood(join(data, "journal"));
    const service = start({ DATA_DIR: data, MONGODB_URI: away });
    await service.ready();
    expect(service.log).toContainEqual(
      expect.objectContaining({ msg: expect.stringMatching(/set aside as/) }),
    );
    const load = emptyLoad();
    await sendLoad(service, load, { ratePerSecond: 20, durationMs: 500 });
    expect([load.failures, load.answers.size]).toEqual([[], 10]);
    await until(
      async () => (await service.metric(`${metrics.historyWrites.name}{outcome="stored"}`)) === 10,
    );
    await service.stop("SIGKILL");
    const database = new ClassicLevel(join(data, "journal"));
    expect((await database.keys().all()).sort()).toEqual([...load.answers.keys()].sort());
    await database.close();
  });
});

/** Makes a file system of 1 MiB in a folder. @returns whether this process may */
function tryMountSmallDisk(folder: string): boolean {
  const options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder];
  return process.platform === "linux" && spawnSync("mount", options).status === 0;
}

const unmount = (folder: string) => spawnSync("umount", ["--lazy", folder]);

function mayMountHere(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "berth-mount-"));
  const may = tryMountSmallDisk(folder);
  if (may) unmount(folder);
  rmdirSync(folder);
  return may;
}

/** Where no file system can be made these are named as skipped; ./scripts/verify needs root anyway. */
(mayMountHere() ? describe : describe.skip)("a full disk (mount)", () => {
  it.each([
    ["the embedded history", {}],
    ["the journal", { MONGODB_URI: away }],
  ])(
    "keeps no analysis from being answered, and loses nothing once there is room for %s",
    async (_what, env) => {
      const disk = newFolder();
      tryMountSmallDisk(disk);
      try {
        const service = start({ DATA_DIR: disk, ...env });
        await service.ready();
        const load = emptyLoad();
        await sendLoad(service, load, { ratePerSecond: 20, durationMs: 500 });
        const ballast = join(disk, "ballast");
        for (let size = 1024 * 1024; size >= 1; size >>= 1) fill(ballast, size);
        await sendLoad(service, load, { ratePerSecond: 20, durationMs: 2_000 });
        expect([load.failures, load.answers.size]).toEqual([[], 50]);
        const { err } = await service.logged((line) =>
          line.msg.startsWith("the history cannot be written"),
        );
        expect((err as Error).message).toMatch(/No space left on device/);
        expect(await service.metric(metrics.journalDepth.name)).toBeGreaterThan(10);

        await rm(ballast);
        while ((await service.metric(stored)) < load.answers.size)
          await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await service.metric(dropped)).toBe(0);
        // LevelDB writes on behind a record that it wrote by half; only the next start would show what that lost.
        await service.stop("SIGKILL");
        const folder = join(disk, existsSync(join(disk, "journal")) ? "journal" : "history");
        const database = new ClassicLevel(folder);
        const keys = await ("MONGODB_URI" in env ? database : database.sublevel("entries"))
          .keys()
          .all();
        expect(keys.filter((key) => !key.startsWith("!")).sort()).toEqual(
          [...load.answers.keys()].sort(),
        );
        await database.close();
      } finally {
        await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
        unmount(disk);
      }
    },
  );

  /** Saves until the disk is full and beyond, makes room, and saves on. @returns ids that were said to be kept */
  async function saveAcrossFullDisk(
    disk: string,
    save: (entry: ReturnType<typeof historyEntry>) => Promise<void>,
  ): Promise<string[]> {
    const kept: string[] = [];
    const saveMany = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const entry = historyEntry("x".repeat(500));
        await save(entry).then(
          () => kept.push(entry.id),
          () => {},
        );
      }
    };
    await saveMany(20);
    for (let size = 1024 * 1024; size >= 1; size >>= 1) fill(join(disk, "ballast"), size);
    await saveMany(20);
    await rm(join(disk, "ballast"));
    await saveMany(50);
    return kept;
  }

  /** Ids in a copy of the folder, as the next process finds it after this one is killed. */
  async function idsAfterKill(folder: string): Promise<string[]> {
    const copy = newFolder();
    await cp(folder, copy, { recursive: true });
    const database = new ClassicLevel(copy);
    const ids = await database.sublevel("entries").keys().all();
    await database.close();
    return ids;
  }

  it("loses nothing that was said to be kept, though the disk was full in between", async () => {
    const disk = newFolder();
    tryMountSmallDisk(disk);
    const folder = join(disk, "history");
    const store = await LevelHistoryStore.open(folder);
    try {
      const kept = await saveAcrossFullDisk(disk, (entry) => store.save([entry]));
      expect(kept.length).toBeGreaterThanOrEqual(70);
      expect(countStored(kept, await idsAfterKill(folder)).lost).toEqual([]);
    } finally {
      await store.close();
      unmount(disk);
    }
  });

  it("loses what LevelDB said was kept, where it is not opened anew after a write that failed", async () => {
    const disk = newFolder();
    tryMountSmallDisk(disk);
    const folder = join(disk, "history");
    const database = new ClassicLevel(folder);
    try {
      await database.open();
      const entries = database.sublevel("entries");
      const kept = await saveAcrossFullDisk(disk, (entry) =>
        entries.put(entry.id, JSON.stringify(entry)),
      );
      expect(countStored(kept, await idsAfterKill(folder)).lost.length).toBeGreaterThan(0);
    } finally {
      await database.close();
      unmount(disk);
    }
  });

  function fill(file: string, bytes: number): void {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: "a" });
    } catch {
      // Full, for pieces of this size.
    }
  }
});
