import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";

/** One string a line, as JSON; our own, by category. */
const written = readFileSync(join(__dirname, "..", "fixtures", "naughty-strings.ndjson"), "utf8");

const codePoints = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

/** Characters that programs treat specially, each of which comes alone and inside a word. */
const special = [
  ...codePoints(0x00, 0x1f),
  ...codePoints(0x7f, 0xa0),
  "\u00ad",
  "\u034f",
  "\u061c",
  "\u115f",
  "\u1160",
  "\u1680",
  "\u180e",
  ...codePoints(0x2000, 0x200f),
  ...codePoints(0x2028, 0x202f),
  ...codePoints(0x205f, 0x206f),
  "\u3000",
  "\u3164",
  "\ufe0e",
  "\ufe0f",
  "\ufeff",
  "\uffa0",
  ...codePoints(0xfff9, 0xfffd),
  ...codePoints(0xfdd0, 0xfdd7),
  "\ufffe",
  "\uffff",
  "\ud800",
  "\udbff",
  "\udc00",
  "\udfff",
  "\ue000",
  "\uf8ff",
  "\u{e0001}",
  "\u{e0020}",
  "\u{e007f}",
  "\u{e0100}",
  "\u{f0000}",
  "\u{10fffe}",
  "\u{10ffff}",
];

/** At least 500 strings that break programs: what is written in the fixture, and special characters in and out of words. */
export const naughtyStrings: readonly string[] = [
  ...new Set([
    ...written
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as string),
    ...special,
    ...special.map((character) => `wo${character}rd`),
  ]),
];

const among = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCodePoint(code));

const pieces = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("news", " ", "a", "1", ".", "<b>", "&amp;", "\n") },
  // Halves of surrogate pairs, in any order.
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }).map((c) => String.fromCharCode(c)),
  },
  { weight: 1, arbitrary: fc.constantFrom("\0", "\u0001", "\u001b[31m", "\u007f", "\u0085") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ..."\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom(..."\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e") },
  { weight: 2, arbitrary: among(0x300, 0x36f) },
  { weight: 1, arbitrary: among(0x1ab0, 0x1ace) },
  { weight: 1, arbitrary: among(0xe000, 0xf8ff) },
  { weight: 1, arbitrary: among(0x100000, 0x10ffff) },
  { weight: 1, arbitrary: among(0xfdd0, 0xfdef) },
  // Compatibility forms, which NFKC unfolds.
  {
    weight: 1,
    arbitrary: fc.oneof(among(0xfb00, 0xfdff), among(0x3200, 0x33ff), among(0xff00, 0xffef)),
  },
  // Families, flags and professions of up to 30 people.
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom("👩", "👨🏿", "👧🏻", "🏳️", "🌈", "❤️", "💋", "🧑🏽", "🚀"), {
        minLength: 2,
        maxLength: 30,
      })
      .map((people) => people.join("\u200d")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) },
);

/** The same strings on every run. */
export function generatedStrings(count: number): string[] {
  const texts = fc.array(pieces, { minLength: 1, maxLength: 40 }).map((all) => all.join(""));
  return fc.sample(texts, { numRuns: count, seed: 20_000 });
}
