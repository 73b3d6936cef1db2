import { clean } from "../src/domain/clean";
import { median } from "./figures";
import type { Row } from "./figures";

/** Sizes that are compared, in bytes of UTF-8: linear cleaning of the second takes four times as long as of the first. */
const [small, large] = [250_000, 1_000_000];

const goal = { msPer100KB: 20, growth: 6 } as const;

const repetitions = 5;

/** What cleaning has most work with, as pieces that are repeated. */
const pieces: Readonly<Record<string, string>> = {
  "<": "<",
  "&amp;": "&amp;",
  "combining marks": "\u0301",
  "combining marks that are reordered": "a\u0301\u0316\u0344",
  "full-width brackets": "＜",
  "tags that never close": "<b a='",
  "comments that never close": "<!--",
  "markup that was escaped twice": "&amp;lt;b&amp;gt;x",
  "entities, marks and tags mixed": "a\u0301&amp;<b>&#x41;＜i＞\u0000 \u00a0가<!-- -->",
};

/**
 * Cleaning of worst cases: linear, and fast enough. A text of 1 MB is fifty times as long as the service takes.
 *
 * The text that grows most, U+FDFA, has no goal by its input: it becomes eighteen characters, and is cleaned on a thread.
 */
export async function cleaning(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, piece] of Object.entries(pieces)) {
    const [short, long] = [small, large].map((bytes) => msToClean(textOf(piece, bytes)));
    const per100KB = long! / (large / 100_000);
    const growth = long! / short!;
    rows.push({
      name: `cleaning 1 MB: ${name}`,
      goal: `<= ${goal.msPer100KB} ms per 100 KB, <= ${goal.growth} times 250 KB`,
      value: `${per100KB.toFixed(1)} ms, ${growth.toFixed(1)} times`,
      met: per100KB <= goal.msPer100KB && growth <= goal.growth,
    });
  }
  const longest = "\ufdfa".repeat(20_000);
  rows.push({
    name: "cleaning the text that grows most, 20,000 characters",
    goal: "",
    value: `${msToClean(longest).toFixed(1)} ms`,
    met: undefined,
  });
  return rows;
}

function textOf(piece: string, bytes: number): string {
  return piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));
}

function msToClean(text: string): number {
  const times = Array.from({ length: repetitions + 1 }, () => {
    const startedAt = performance.now();
    clean(text);
    return performance.now() - startedAt;
  });
  // The first one compiles.
  return median(times.slice(1));
}
