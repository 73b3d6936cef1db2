import { historyRead, latencyBudget, latencyBudgetFaults, serviceProbes } from "../src";

describe("the latency budget", () => {
  it("keeps client timeout > ingress timeout > request deadline > queue limit", () => {
    expect(latencyBudgetFaults(latencyBudget)).toEqual([]);
  });

  it.each([
    [
      { clientTimeoutMs: 8_000 },
      /ingressTimeoutMs \(8000\) must be below clientTimeoutMs \(8000\)/,
    ],
    [
      { ingressTimeoutMs: 4_000 },
      /requestDeadlineMs \(5000\) must be below ingressTimeoutMs \(4000\)/,
    ],
    [{ queueLimitMs: 6_000 }, /queueLimitMs \(6000\) must be below requestDeadlineMs \(5000\)/],
    [{ inferenceLimitMs: 3_001 }, /queueLimitMs \+ inferenceLimitMs \(5001\) must not exceed/],
    [
      { terminationGraceMs: 17_000 },
      /\(17000\) must be below terminationGraceMs \(17000\).*killed/,
    ],
    [{ preStopMs: 0 }, /preStopMs is 0; it must be a whole number/],
    [{ flushMs: 1.5 }, /flushMs is 1.5; it must be a whole number/],
  ])("fails for %j", (change, fault) => {
    expect(latencyBudgetFaults({ ...latencyBudget, ...change })).toContainEqual(
      expect.stringMatching(fault),
    );
  });

  it("names every fault at once", () => {
    const faults = latencyBudgetFaults({ ...latencyBudget, queueLimitMs: 9_000, preStopMs: -1 });
    expect(faults.length).toBeGreaterThanOrEqual(3);
  });

  it("lets a pod stop before it is killed even if readiness has only just been asked", () => {
    const { preStopMs, requestDeadlineMs, terminationGraceMs } = latencyBudget;
    expect(preStopMs + requestDeadlineMs).toBeLessThan(terminationGraceMs);
    const { periodSeconds, failureThreshold } = serviceProbes.liveness;
    expect(periodSeconds * failureThreshold * 1000).toBeGreaterThan(requestDeadlineMs);
  });
});

describe("a read of the history", () => {
  it("leaves a tenth of its limit for everything but its two waits, and ends before the request's deadline", () => {
    const { limitMs, settleMs, storeMs } = historyRead;
    expect(settleMs + storeMs).toBeLessThanOrEqual(0.9 * limitMs);
    expect(limitMs).toBeLessThan(latencyBudget.requestDeadlineMs);
  });
});
