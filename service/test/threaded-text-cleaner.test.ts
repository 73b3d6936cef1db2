import { join } from "node:path";
import { maxTextCharacters } from "@berth/contract";
import { ThreadedTextCleaner } from "../src/adapters/threaded-text-cleaner";
import { clean } from "../src/domain/clean";
import { FakeClock } from "./support/fake-clock";
import { naughtyStrings } from "./support/naughty-strings";

const threadFile = join(__dirname, "..", "dist", "clean-thread.js");
const always = { deadline: Infinity };
/** NFKC makes it eighteen times as long, which takes tens of milliseconds. */
const longest = "\ufdfa".repeat(maxTextCharacters);

let clock: FakeClock;
let cleaner: ThreadedTextCleaner;
/** Lengths of the texts that went to the thread. */
let threaded: number[];

beforeEach(() => {
  clock = new FakeClock();
  threaded = [];
  cleaner = new ThreadedTextCleaner({
    clock,
    threadFile,
    onThread: (characters) => void threaded.push(characters),
  });
});
afterEach(() => cleaner.close());

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop until a promise is settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let settled = false;
  void promise.then(() => (settled = true));
  let turns = 0;
  for (; !settled; turns++) await nextTurn();
  return turns;
}

describe("ThreadedTextCleaner", () => {
  it("cleans on its thread exactly as on the event loop", async () => {
    const texts = [...naughtyStrings, longest, `a <b>b</b> ${longest}`, "国".repeat(20_000)];
    const cleaned = await Promise.all(texts.map((text) => cleaner.clean(text, always)));
    expect(cleaned).toEqual(texts.map((text) => clean(text).slice(0, maxTextCharacters)));
    // All at once is more than one turn may clean; the first ones were cleaned in it.
    expect(threaded.length).toBeGreaterThan(10);
    expect(threaded.length).toBeLessThan(texts.length - 10);
  });

  it("cleans what is short, or long and plain, without its thread", async () => {
    for (const text of [
      "a headline",
      "“curly” – quotes’",
      "国".repeat(900),
      "<b>a</b> ".repeat(2_000),
    ]) {
      await cleaner.clean(text, always);
      await nextTurn();
    }
    expect(threaded).toEqual([]);
  });

  it("lets the event loop turn while it cleans what takes long", async () => {
    await cleaner.clean(longest, always);
    expect(await turnsUntil(cleaner.clean(longest, always))).toBeGreaterThan(10);
    // What is cleaned on the event loop is there before it turns.
    expect(await turnsUntil(cleaner.clean("a headline", always))).toBeLessThanOrEqual(1);
  });

  it("bounds what many short texts take in one turn, and starts anew in the next", async () => {
    const short = "国".repeat(400);
    const at = () => Array.from({ length: 10 }, () => cleaner.clean(short, always));
    const first = at();
    await Promise.all(first);
    const sent = threaded.length;
    expect(sent).toBeGreaterThan(5);
    await nextTurn();
    await cleaner.clean(short, always);
    expect(threaded).toHaveLength(sent);
  });

  it("fails with deadline_exceeded instead of beginning with what is wanted no more by then", async () => {
    await clock.advance(100);
    await expect(cleaner.clean(longest, { deadline: 100 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    expect(threaded).toEqual([]);
  });

  it("fails with the signal's reason instead of beginning with what nobody wants", async () => {
    const reason = new Error("left");
    await expect(
      cleaner.clean(longest, { ...always, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(threaded).toEqual([]);
  });
});
