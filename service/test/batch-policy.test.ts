import fc from "fast-check";
import { takeBatch } from "../src/domain/batch-policy";

const limits = { maxTokens: 256, maxTexts: 8 };
const texts = (...tokens: number[]) => tokens.map((count) => ({ tokens: count }));

describe("takeBatch", () => {
  it("takes the oldest text alone when nothing is like it", () => {
    expect(takeBatch(texts(100, 10, 12), limits, 1)).toEqual([0]);
  });

  it("fills up with texts of nearly the same length, wherever they wait", () => {
    expect(takeBatch(texts(20, 90, 20, 200, 21), limits, 1)).toEqual([0, 2, 4]);
  });

  it("stays within the token budget, padding included", () => {
    expect(takeBatch(texts(100, 100, 100), limits, 1)).toHaveLength(2);
  });

  it("takes a text that alone exceeds the budget, so that nothing waits for ever", () => {
    expect(takeBatch(texts(400, 10), limits, 1)).toEqual([0]);
  });

  it("leaves the other free processes their share", () => {
    expect(takeBatch(texts(10, 10, 10, 10), limits, 2)).toHaveLength(2);
  });

  it("always holds the oldest, keeps its limits, and names no text twice", () => {
    const lengths = fc.array(fc.integer({ min: 3, max: 512 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 4 }), (tokens, idle) => {
        const taken = takeBatch(texts(...tokens), limits, idle);
        const padded = Math.max(...taken.map((i) => tokens[i]!)) * taken.length;
        expect(taken[0]).toBe(0);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length).toBeLessThanOrEqual(limits.maxTexts);
        if (taken.length > 1) expect(padded).toBeLessThanOrEqual(limits.maxTokens);
      }),
    );
  });
});
