import { TokenBuckets } from "../src/domain/token-bucket";
import { FakeClock } from "./support/fake-clock";

describe("TokenBuckets", () => {
  it("lets a burst through, then one request per refilled token", async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3 }, clock);
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 0]);
    expect(buckets.take("a")).toBeCloseTo(100);
    await clock.advance(100);
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("a")).toBeGreaterThan(0);
  });

  it("keeps clients apart", () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, new FakeClock());
    buckets.take("a");
    expect(buckets.take("a")).toBeGreaterThan(0);
    expect(buckets.take("b")).toBe(0);
  });

  it("saves up no more than a burst", async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ perSecond: 100, burst: 2 }, clock);
    buckets.take("a");
    await clock.advance(60_000);
    expect([1, 2, 3].map(() => buckets.take("a") === 0)).toEqual([true, true, false]);
  });

  it("takes many tokens at once, or none of them and says when there will be enough", async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ perSecond: 10, burst: 5 }, clock);
    expect(buckets.take("a", 3)).toBe(0);
    expect(buckets.take("a", 4)).toBeCloseTo(200);
    expect(buckets.take("a", 2)).toBe(0);
    await clock.advance(400);
    expect(buckets.take("a", 4)).toBe(0);
  });

  it("gives more than a burst out of a full bucket only, and takes the rest in advance", async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ perSecond: 10, burst: 5 }, clock);
    buckets.take("a");
    expect(buckets.take("a", 25)).toBeCloseTo(100);
    await clock.advance(100);
    expect(buckets.take("a", 25)).toBe(0);
    // 20 tokens are owed, and one more is asked for.
    expect(buckets.take("a")).toBeCloseTo(2_100);
    await clock.advance(2_000);
    expect(buckets.take("a")).toBeCloseTo(100);
  });

  it("counts what was paid before, and asks for all of it again where nothing is given", async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ perSecond: 10, burst: 5 }, clock);
    expect([buckets.take("a"), buckets.take("a", 5, 1)]).toEqual([0, 0]);
    await clock.advance(300);
    expect([buckets.take("a"), buckets.take("a", 5, 1)]).toEqual([0, expect.closeTo(300)]);
  });
});
