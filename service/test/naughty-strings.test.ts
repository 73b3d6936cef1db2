import {
  errorResponse,
  historyEntryPath,
  historyEntry as historyEntrySchema,
  historyResponse,
  paths,
} from "@berth/contract";
import type { AnalyzeResponse } from "@berth/contract";
import pMap from "p-map";
import { MongoHistoryStore } from "../src/adapters/mongo-history-store";
import { historyEntry } from "./support/history-entry";
import { generatedStrings, naughtyStrings } from "./support/naughty-strings";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// The whole service with its model answers some thousands of texts.
jest.setTimeout(180_000);

const newFolder = temporaryFolders();
const texts = [...naughtyStrings, ...generatedStrings(2_000)];
const concurrency = 4;
const maxTries = 20;

describe("500 naughty strings and 2,000 generated ones", () => {
  let service: RunningService | undefined;
  afterEach(async () => {
    await service?.stop("SIGKILL");
    service = undefined;
  });

  /** A busy machine may say 503 and "later"; a client comes again. */
  async function answered(send: () => Promise<Response>) {
    for (let tries = 1; ; tries++) {
      const response = await send();
      const body: unknown = await response.json();
      if (response.status !== 503 || tries === maxTries) return { response, body };
    }
  }

  it("are as many as they are said to be", () => {
    expect(naughtyStrings.length).toBeGreaterThanOrEqual(500);
    expect(new Set(texts).size).toBeGreaterThanOrEqual(2_500);
    for (const kind of [/[\ud800-\udbff](?![\udc00-\udfff])/, /\0/, /[\u202a-\u202e]/, /\u200d/])
      expect(texts.filter((text) => kind.test(text)).length).toBeGreaterThan(100);
  });

  it("are answered, or refused as empty, and what is stored is what was sent", async () => {
    const running = (service = RunningService.start({ DATA_DIR: newFolder() }));
    const url = await running.url();
    await running.ready();
    const sent = new Map<string, string>();
    const failures: unknown[] = [];
    await pMap(
      texts,
      async (text) => {
        const { response, body } = await answered(() => running.analyze(text));
        if (response.status === 200) sent.set((body as AnalyzeResponse).id, text);
        else if (errorResponse.parse(body).error.code !== "text_empty")
          failures.push([JSON.stringify(text), body]);
      },
      { concurrency },
    );
    expect(failures).toEqual([]);
    // Most have something left after cleaning.
    expect(sent.size).toBeGreaterThan(0.7 * texts.length);

    const different: string[] = [];
    await pMap(
      sent,
      async ([id, text]) => {
        const { body } = await answered(() => fetch(url + historyEntryPath(id)));
        const entry = historyEntrySchema.parse(body);
        if (entry.text !== text) different.push(JSON.stringify([text, entry.text]));
      },
      { concurrency },
    );
    expect(different).toEqual([]);

    const lone = "a\ud800b\udc00\0c";
    await running.label(lone);
    const { body } = await answered(() => fetch(`${url}${paths.history}?limit=1`));
    expect(historyResponse.parse(body).entries[0]!.text).toBe(lone);
  });

  const server = process.env.BERTH_TEST_MONGODB_URI;
  /** Without a server this is named as skipped; ./scripts/verify starts one. */
  (server === undefined ? it.skip : it)(
    "come back from MongoDB as they were (BERTH_TEST_MONGODB_URI)",
    async () => {
      // The server of the tests reads a whole collection for each page.
      const size = 250;
      for (let at = 0; at < texts.length; at += size) {
        const uri = new URL(server!);
        uri.pathname = `/berth_naughty_${process.pid}_${at}`;
        const store = new MongoHistoryStore(uri.href);
        const entries = texts.slice(at, at + size).map((text) => historyEntry(text));
        await store.save(entries);
        const page = await store.list({ limit: size });
        expect(page.entries).toEqual([...entries].reverse());
        await store.close();
      }
    },
  );

  it("would show a store that replaces lone surrogates", () => {
    const replaced = texts.filter((text) => text.toWellFormed() !== text);
    expect(replaced.length).toBeGreaterThan(500);
  });
});
