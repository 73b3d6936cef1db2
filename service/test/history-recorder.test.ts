import type { HistoryEntry } from "@berth/contract";
import { HistoryRecorder } from "../src/history/history-recorder";
import { HistoryFullError, HistoryUnavailableError } from "../src/ports/history-store";
import type { HistoryStore } from "../src/ports/history-store";
import { FakeClock, settleMicrotasks } from "./support/fake-clock";
import { historyEntry } from "./support/history-entry";

/** Keeps what is saved, or says that it is away. */
class SwitchedStore implements Pick<HistoryStore, "save"> {
  away = false;
  room = Infinity;
  readonly saved: HistoryEntry[] = [];

  async save(entries: readonly HistoryEntry[]): Promise<void> {
    await settleMicrotasks();
    if (this.away) throw new HistoryUnavailableError("away");
    if (entries.length > this.room) throw new HistoryFullError("full", this.room);
    this.room -= entries.length;
    this.saved.push(...entries);
  }
}

function setUp(limit?: number, gatherMs?: number) {
  const clock = new FakeClock();
  const store = new SwitchedStore();
  const counted = { stored: 0, dropped: 0 };
  const recorder = new HistoryRecorder({
    store: store as unknown as HistoryStore,
    clock,
    ...(limit === undefined ? {} : { limit }),
    ...(gatherMs === undefined ? {} : { gatherMs }),
    onOutcome: (outcome, entries) => (counted[outcome] += entries),
  });
  return { clock, store, recorder, counted };
}

describe("HistoryRecorder", () => {
  it("stores what was recorded, in order", async () => {
    const { store, recorder, counted } = setUp();
    const entries = [historyEntry("1"), historyEntry("2"), historyEntry("3")];
    for (const entry of entries) recorder.record(entry);
    await recorder.settle(1000);
    expect(store.saved).toEqual(entries);
    expect(counted).toEqual({ stored: 3, dropped: 0 });
  });

  it("stores an entry that comes in the very turn in which a write ends", async () => {
    const { store, recorder } = setUp();
    for (let i = 0; i < 50; i++) {
      recorder.record(historyEntry(String(i)));
      for (let turn = 0; turn < i % 7; turn++) await Promise.resolve();
      if (i % 3 === 0) await settleMicrotasks();
    }
    await recorder.settle(1000);
    expect(store.saved).toHaveLength(50);
    expect(recorder.depth).toBe(0);
  });

  it("keeps entries while the store is away, and stores each once when it is back", async () => {
    const { clock, store, recorder, counted } = setUp();
    store.away = true;
    const entries = [historyEntry("1"), historyEntry("2")];
    for (const entry of entries) recorder.record(entry);
    await clock.advance(20_000);
    expect(recorder.depth).toBe(2);
    store.away = false;
    await clock.advance(10_000);
    await recorder.settle(1_000);
    expect(store.saved).toEqual(entries);
    expect(counted).toEqual({ stored: 2, dropped: 0 });
  });

  it("fails to keep the newest beyond its bound, and counts them exactly", async () => {
    const { clock, store, recorder, counted } = setUp(2);
    store.away = true;
    for (let i = 0; i < 5; i++) recorder.record(historyEntry(String(i)));
    await clock.advance(1_000);
    store.away = false;
    await recorder.settle(1_000);
    expect(store.saved.map((entry) => entry.text)).toEqual(["0", "1"]);
    expect(counted).toEqual({ stored: 2, dropped: 3 });
  });

  it("fills what room the store has before it drops anything, without a pause", async () => {
    const { store, recorder, counted } = setUp(10);
    store.room = 7;
    for (let i = 0; i < 10; i++) recorder.record(historyEntry(String(i)));
    // Time stands still, so whatever waits for a retry is not stored.
    for (let turn = 0; turn < 10; turn++) await settleMicrotasks();
    expect(store.saved.map((entry) => entry.text)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    expect([recorder.depth, counted]).toEqual([3, { stored: 7, dropped: 0 }]);
  });

  it("tries once more when it closes, and says what is lost", async () => {
    const { clock, store, recorder, counted } = setUp();
    store.away = true;
    recorder.record(historyEntry());
    await clock.advance(50);
    expect(await recorder.close(1000)).toBe(1);
    expect(counted).toEqual({ stored: 0, dropped: 1 });
  });
});

describe("HistoryRecorder that gathers", () => {
  const gatherMs = 25;

  it("writes together what comes within its time", async () => {
    const { clock, store, recorder } = setUp(undefined, gatherMs);
    const writes = jest.spyOn(store, "save");
    for (let i = 0; i < 50; i++) {
      recorder.record(historyEntry(String(i)));
      await clock.advance(5);
    }
    await clock.advance(gatherMs);
    expect(store.saved.map((entry) => entry.text)).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
    expect(writes.mock.calls.length).toBeGreaterThanOrEqual(8);
    expect(writes.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it("writes at once for a reader, and what came meanwhile too", async () => {
    const { store, recorder } = setUp(undefined, gatherMs);
    recorder.record(historyEntry("1"));
    // Time stands still.
    const first = recorder.settle(1_000);
    recorder.record(historyEntry("2"));
    await first;
    await recorder.settle(1_000);
    expect(store.saved.map((entry) => entry.text)).toEqual(["1", "2"]);
  });

  it("loses nothing that still gathers when it is closed", async () => {
    const { store, recorder } = setUp(undefined, gatherMs);
    for (let i = 0; i < 1_000; i++) recorder.record(historyEntry(String(i)));
    expect(await recorder.close(1_000)).toBe(0);
    expect(store.saved).toHaveLength(1_000);
  });
});
