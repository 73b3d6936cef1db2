import { defaultBackOff, nextDelayMs } from "../../src/lib/back-off";

const backOff = { baseMs: 100, capMs: 1_000 };
const almostOne = () => 1 - Number.EPSILON;

describe("nextDelayMs", () => {
  test("doubles the bound of the random wait with every attempt", () => {
    const bounds = [0, 1, 2, 3].map((attempt) =>
      Math.round(nextDelayMs(attempt, null, almostOne, backOff)),
    );
    expect(bounds).toEqual([100, 200, 400, 800]);
  });

  test("never exceeds the cap, however many attempts there were", () => {
    expect(nextDelayMs(4, null, almostOne, backOff)).toBeCloseTo(1_000);
    expect(nextDelayMs(2_000, null, almostOne, backOff)).toBeCloseTo(1_000);
  });

  test("is full jitter: the wait can be nothing at all", () => {
    expect(nextDelayMs(3, null, () => 0, backOff)).toBe(0);
  });

  test("waits at least as long as the service asked, and adds the jitter", () => {
    expect(nextDelayMs(0, 3_000, () => 0, backOff)).toBe(3_000);
    expect(nextDelayMs(0, 3_000, () => 0.5, backOff)).toBe(3_050);
  });

  test("spreads clients out: two random draws give two waits", () => {
    expect(nextDelayMs(2, 1_000, () => 0.2)).not.toBe(nextDelayMs(2, 1_000, () => 0.7));
    expect(nextDelayMs(0, null, () => 0.5)).toBe(defaultBackOff.baseMs / 2);
  });
});
