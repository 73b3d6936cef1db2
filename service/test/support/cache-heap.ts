import { setTimeout as pause } from "node:timers/promises";
import { labels } from "@berth/contract";
import { AnswerCache } from "../../src/analysis/answer-cache";

// A program: fills a cache and writes how many bytes of heap it took for each byte that the cache says. It needs a process of
// its own, since a test runner's heap moves by more than a cache holds, and node --expose-gc.

const oneMiB = 1024 * 1024;

/** What is left when nothing more is found to collect. */
async function heapBytes(): Promise<number> {
  for (let last = Infinity; ;) {
    await pause(20);
    gc!();
    const { heapUsed } = process.memoryUsage();
    if (heapUsed > last * 0.999) return heapUsed;
    last = heapUsed;
  }
}

function fill(cache: AnswerCache, entries: number): void {
  for (let i = 0; i < entries; i++)
    cache.set(AnswerCache.keyOf("1", `${i} ${"a long text ".repeat(100)}`), {
      probabilities: labels.map((_, label) => label / 10 + Math.random() / 100),
      totalTokens: 7,
      usedTokens: 5,
      unknownTokens: 0,
    });
}

async function main(): Promise<void> {
  // What runs for the first time leaves code and tables behind.
  fill(new AnswerCache({ maxBytes: oneMiB }), 10_000);
  const before = await heapBytes();
  const cache = new AnswerCache({ maxBytes: 64 * oneMiB });
  fill(cache, 60_000);
  console.log(((await heapBytes()) - before) / cache.bytes);
}

void main();
