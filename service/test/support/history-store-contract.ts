import { labels } from "@berth/contract";
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

  it("gives back an entry as it was saved, whatever its text holds", async () => {
    const entry = historyEntry('𝒳 \u202e"$where" {"$gt": ""} __proto__ é\u0301 \u0001 日本');
    await store.save([entry]);
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
