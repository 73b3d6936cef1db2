import { maxPagesAtOnce, paths } from "@berth/contract";
import type { HistoryEntry } from "@berth/contract";
import type { HistoryStore } from "../src/ports/history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { historyEntry } from "./support/history-entry";

/** A store whose pages are held until the test lets them go. */
class HeldHistory implements HistoryStore {
  readonly held: (() => void)[] = [];
  private changed: () => void = () => {};

  constructor(private readonly entries: readonly HistoryEntry[] = []) {}

  list(): ReturnType<HistoryStore["list"]> {
    return new Promise((resolve) => {
      this.held.push(() => resolve({ entries: [...this.entries], nextCursor: null }));
      this.changed();
    });
  }

  /** Waits until so many pages were asked of the store, ever. */
  async asked(count: number): Promise<void> {
    while (this.held.length < count) await new Promise<void>((resolve) => (this.changed = resolve));
  }

  async save(): Promise<void> {}
  async tryGet(): Promise<undefined> {}
  async delete(): Promise<boolean> {
    return false;
  }
  async close(): Promise<void> {}
}

let app: AppUnderTest;
afterEach(() => app.close());

const page = () => fetch(app.url + paths.history);

describe("pages of the history", () => {
  it("are made a few at a time; the next waits for its turn", async () => {
    const store = new HeldHistory();
    app = await startApp(store);
    const first = Array.from({ length: maxPagesAtOnce }, page);
    await store.asked(maxPagesAtOnce);
    const next = page();
    store.held[0]!();
    await store.asked(maxPagesAtOnce + 1);
    for (const letGo of store.held) letGo();
    for (const { status } of await Promise.all([...first, next])) expect(status).toBe(200);
  });

  it("fail with queue_full when no turn comes, and others are served meanwhile", async () => {
    const store = new HeldHistory([historyEntry()]);
    app = await startApp(store);
    const first = Array.from({ length: maxPagesAtOnce }, page);
    await store.asked(maxPagesAtOnce);
    const refused = await page();
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await refused.json()).toMatchObject({ error: { code: "queue_full" } });
    expect((await fetch(app.url + paths.healthz)).status).toBe(200);
    expect(store.held.length).toBe(maxPagesAtOnce);
    for (const letGo of store.held) letGo();
    for (const { status } of await Promise.all(first)) expect(status).toBe(200);
    store.held.length = 0;
    const again = page();
    await store.asked(1);
    store.held[0]!();
    expect((await again).status).toBe(200);
  });

  it("leave their place when their client does", async () => {
    const store = new HeldHistory();
    app = await startApp(store);
    const leaving = new AbortController();
    const left = Array.from({ length: maxPagesAtOnce }, () =>
      fetch(app.url + paths.history, { signal: leaving.signal }).catch(() => "left"),
    );
    await store.asked(maxPagesAtOnce);
    leaving.abort();
    expect(await Promise.all(left)).toEqual(Array(maxPagesAtOnce).fill("left"));
    const next = page();
    await store.asked(maxPagesAtOnce + 1);
    store.held.at(-1)!();
    expect((await next).status).toBe(200);
  });
});
