import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { emptyLoad, sendLoad } from "./support/answered-load";
import type { AnsweredLoad } from "./support/answered-load";
import { countStored } from "./support/count-stored";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const away = "mongodb://127.0.0.1:9/berth";

/** What may be lost: answers of the last second. */
const lostWithinMs = 1_000;

/** Kills the service with SIGKILL under load. @returns what it had answered, and when it was killed */
async function killUnderLoad(
  env: Parameters<typeof RunningService.start>[0],
  afterMs: number,
): Promise<{ load: AnsweredLoad; killedAt: number }> {
  const service = RunningService.start(env);
  await service.ready();
  const load = emptyLoad();
  const sent = sendLoad(service, load, { ratePerSecond: 30, durationMs: afterMs + 500 });
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const killedAt = performance.now();
  expect(await service.stop("SIGKILL")).toBe("SIGKILL");
  await sent;
  return { load, killedAt };
}

/** Answers that were there more than a second before the kill, and are not stored. */
function lostTooEarly(
  { load, killedAt }: { load: AnsweredLoad; killedAt: number },
  stored: readonly string[],
): string[] {
  return countStored(load.answers.keys(), stored).lost.filter(
    (id) => load.answers.get(id)!.at < killedAt - lostWithinMs,
  );
}

async function idsInHistory(folder: string): Promise<string[]> {
  const store = await LevelHistoryStore.open(join(folder, "history"));
  const { entries } = await store.list({ limit: 100_000 });
  await store.close();
  return entries.map(({ id }) => id);
}

async function idsInJournal(folder: string): Promise<string[]> {
  const journal = new ClassicLevel(join(folder, "journal"));
  const ids = await journal.keys().all();
  await journal.close();
  return ids;
}

describe("kill -9 under load", () => {
  /** At no fixed distance from any timer of the service. */
  const someMoment = () => 2_000 + Math.random() * 1_000;

  it.each(["once", "again"])("loses at most the embedded history's last second, %s", async () => {
    const folder = newFolder();
    const killed = await killUnderLoad({ DATA_DIR: folder }, someMoment());
    expect(killed.load.answers.size).toBeGreaterThan(20);
    expect(lostTooEarly(killed, await idsInHistory(folder))).toEqual([]);
  });

  it.each(["once", "again"])("loses at most the journal's last second, %s", async () => {
    const folder = newFolder();
    const killed = await killUnderLoad({ DATA_DIR: folder, MONGODB_URI: away }, someMoment());
    expect(killed.load.answers.size).toBeGreaterThan(20);
    expect(lostTooEarly(killed, await idsInJournal(folder))).toEqual([]);
  });

  it("loses more where answers wait in memory alone, and the count shows it", async () => {
    const folder = newFolder();
    const env = { DATA_DIR: folder, MONGODB_URI: away, JOURNAL_LIMIT: "1" };
    const killed = await killUnderLoad(env, 2_500);
    expect(lostTooEarly(killed, await idsInJournal(folder)).length).toBeGreaterThan(10);
  });
});
