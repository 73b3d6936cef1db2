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
});
