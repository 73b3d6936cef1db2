import { softmax } from "../src/domain/softmax";

describe("softmax", () => {
  it("gives probabilities that sum to 1", () => {
    const [a, b, c] = softmax([1, 2, 3]);
    expect([a, b, c]).toEqual([
      expect.closeTo(0.0900306, 6),
      expect.closeTo(0.2447285, 6),
      expect.closeTo(0.6652409, 6),
    ]);
  });

  it("does not overflow where the exponentials of the logits would", () => {
    expect(softmax([-2000, 2000, 1999])).toEqual([
      0,
      expect.closeTo(0.7310586, 6),
      expect.closeTo(0.2689414, 6),
    ]);
  });

  it("is less sure at a higher temperature, with the same order", () => {
    const [cool, warm] = [softmax([1, 4], 1), softmax([1, 4], 2)];
    expect(warm[1]).toBeLessThan(cool[1]!);
    expect(warm[1]).toBeGreaterThan(0.5);
  });
});
