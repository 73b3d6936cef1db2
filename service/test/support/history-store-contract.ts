import { labels } from "@berth/contract";
import { HistoryUnavailableError } from "../../src/ports/history-store";
import type { HistoryStore } from "../../src/ports/history-store";
import { historyEntry } from "./history-entry";

/**
 * What every history store does. A fake or an adapter that passes is one.
 *
 * @param open an empty store
 */
export function describeHistoryStore(open: () => Promise<HistoryStore>): void {
  const [world, sports] = labels;
  let store: HistoryStore;

  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it.each([
    [
      "operators, prototypes and marks",
      '𝒳 \u202e"$where" {"$gt": ""} __proto__ é\u0301 \u0001 日本',
    ],
    ["NUL", "\0a\0\0b\0"],
    ["a high surrogate alone", "a\ud800b"],
    ["a low surrogate alone", "\udc00"],
    ["surrogates the wrong way round", "\ude00\ud83d, and the right way: \ud83d\ude00"],
    ["the replacement character itself", "\ufffd\ud800\ufffd"],
    ["a byte order mark and non-characters", "\ufeff\ufffe\uffff"],
    ["what looks like an escape", "\\ud800 \\u0000"],
  ])("gives back an entry as it was saved, its text with %s", async (_what, text) => {
    const entry = historyEntry(text);
    await store.save([entry]);
    expect(await store.tryGet(entry.id)).toEqual(entry);
    expect((await store.list({ limit: 1 })).entries).toEqual([entry]);
  });

  it.each([
    ["an operator", { $gt: "" }],
    ["a pattern", { $regex: "." }],
    ["code", { $where: "true" }],
    ["a prototype", JSON.parse('{"__proto__": {"toString": 1}}')],
    ["a list", [{ $ne: null }]],
    ["the name of a prototype", "__proto__"],
    ["the name of a constructor", "constructor"],
  ])("fails to find or delete anything by an id that is %s", async (_what, id) => {
    const entry = historyEntry();
    await store.save([entry]);
    // A store may refuse such an id, or know no entry of it.
    const refused = (error: unknown) => {
      expect(error).toBeInstanceOf(HistoryUnavailableError);
    };
    expect(await store.tryGet(id as string).catch(refused)).toBeUndefined();
    expect((await store.delete(id as string).catch(refused)) ?? false).toBe(false);
    expect(await store.tryGet(entry.id)).toEqual(entry);
  });

  it("has no entry that was not saved", async () => {
    expect(await store.tryGet(historyEntry().id)).toBeUndefined();
    expect(await store.list({ limit: 5 })).toEqual({ entries: [], nextCursor: null });
  });

  it("lists the newest first, page by page, without gap or repetition", async () => {
    const saved = Array.from({ length: 7 }, (_, i) => historyEntry(String(i)));
    await store.save(saved.slice(3));
    await store.save(saved.slice(0, 3));
    const texts: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ limit: 3, cursor });
      texts.push(...page.entries.map((entry) => entry.text));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(texts).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
  });

  it("ends a page that is exactly full with no cursor", async () => {
    await store.save([historyEntry("1"), historyEntry("2")]);
    expect((await store.list({ limit: 2 })).nextCursor).toBeNull();
  });

  it("lists one label only, across pages", async () => {
    await store.save(
      Array.from({ length: 6 }, (_, i) => historyEntry(String(i), i % 2 === 0 ? world : sports)),
    );
    const first = await store.list({ limit: 2, label: sports });
    const second = await store.list({ limit: 2, label: sports, cursor: first.nextCursor! });
    expect([...first.entries, ...second.entries].map((entry) => entry.text)).toEqual([
      "5",
      "3",
      "1",
    ]);
    expect(second.nextCursor).toBeNull();
  });

  it("changes nothing when an entry is saved a second time", async () => {
    const entry = historyEntry();
    await store.save([entry]);
    await store.save([entry]);
    expect((await store.list({ limit: 5 })).entries).toEqual([entry]);
  });

  it("deletes an entry from every list, and says whether there was one", async () => {
    const [kept, gone] = [historyEntry("kept", world), historyEntry("gone", world)];
    await store.save([kept, gone]);
    expect(await store.delete(gone.id)).toBe(true);
    expect(await store.delete(gone.id)).toBe(false);
    expect(await store.tryGet(gone.id)).toBeUndefined();
    expect((await store.list({ limit: 5 })).entries).toEqual([kept]);
    expect((await store.list({ limit: 5, label: world })).entries).toEqual([kept]);
  });

  it("takes an empty batch", async () => {
    await expect(store.save([])).resolves.toBeUndefined();
  });
}
