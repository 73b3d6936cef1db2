import { LineSplitter } from "../src/domain/line-splitter";

const maxBytes = 8;

/** The lines of chunks, as text; null for one that is too long. */
function split(...chunks: string[]): [number, string | null][] {
  const splitter = new LineSplitter(maxBytes);
  const found: [number, string | null][] = [];
  const take = (lines: ReturnType<LineSplitter["push"]>) => {
    for (const { number, bytes } of lines) found.push([number, bytes?.toString() ?? null]);
  };
  for (const chunk of chunks) take(splitter.push(Buffer.from(chunk)));
  take(splitter.end());
  return found;
}

/** Takes all lines of a chunk, and forgets them. */
function swallow(splitter: LineSplitter, chunk: Buffer): void {
  for (const line of splitter.push(chunk)) void line;
}

describe("LineSplitter", () => {
  it("finds the lines, however they were cut into chunks", () => {
    const text = "one\n\ntwo\r\nthree\nlast";
    const expected = [
      [1, "one"],
      [2, ""],
      [3, "two\r"],
      [4, "three"],
      [5, "last"],
    ];
    expect(split(text)).toEqual(expected);
    expect(split(...text)).toEqual(expected);
    for (let at = 0; at <= text.length; at++)
      expect(split(text.slice(0, at), text.slice(at))).toEqual(expected);
  });

  it("has no line after a last line feed, and none in nothing", () => {
    expect(split("a\n")).toEqual([[1, "a"]]);
    expect(split()).toEqual([]);
    expect(split("")).toEqual([]);
  });

  it("takes a line of exactly the limit, and not one byte more", () => {
    const [fits, over] = ["x".repeat(maxBytes), "x".repeat(maxBytes + 1)];
    for (const chunks of [[`${fits}\n${over}\n${fits}`], [...`${fits}\n${over}\n${fits}`]])
      expect(split(...chunks)).toEqual([
        [1, fits],
        [2, null],
        [3, fits],
      ]);
    expect(split(over)).toEqual([[1, null]]);
  });

  it("holds nothing of a line that is too long, and little more than the line of one that is not", () => {
    const splitter = new LineSplitter(1_000_000);
    const held = () => (splitter as unknown as { held: Buffer }).held.length;
    const chunk = Buffer.alloc(65_536, "x");
    for (let i = 0; i < 15; i++) swallow(splitter, chunk);
    expect(held()).toBeGreaterThanOrEqual(15 * chunk.length);
    expect(held()).toBeLessThanOrEqual(1_000_000);
    swallow(splitter, chunk);
    expect(held()).toBe(0);
    for (let i = 0; i < 100; i++) swallow(splitter, chunk);
    expect(held()).toBe(0);
    expect(
      [...splitter.push(Buffer.from("\nshort\n"))].map(({ bytes }) => bytes?.toString()),
    ).toEqual([undefined, "short"]);
  });

  it("keeps no chunk alive for a byte of it", () => {
    const splitter = new LineSplitter(1_000);
    const chunk = Buffer.alloc(65_536, "x");
    swallow(splitter, chunk.subarray(0, 1));
    expect((splitter as unknown as { held: Buffer }).held.buffer).not.toBe(chunk.buffer);
  });
});
