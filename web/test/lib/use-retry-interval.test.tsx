import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { ApiError } from "../../src/lib/api-failure";
import { createApiClient } from "../../src/lib/api-client";
import { DependenciesProvider } from "../../src/lib/dependencies";
import { createDraft } from "../../src/lib/draft";
import { leastPollMs, pollBackOff, useRetryInterval } from "../../src/lib/use-retry-interval";

function retryInterval(random: () => number) {
  const dependencies = {
    client: createApiClient(),
    draft: createDraft(() => window.localStorage),
    random,
  };
  const wrapper = ({ children }: { children: ReactNode }) => (
    <DependenciesProvider value={dependencies}>{children}</DependenciesProvider>
  );
  return renderHook(() => useRetryInterval(), { wrapper }).result.current;
}

const refused = (retryAfterMs: number | null, status = 503) =>
  new ApiError({
    kind: "refused",
    status,
    requestId: null,
    code: null,
    message: null,
    retryAfterMs,
  });
const failed = (error: Error) => ({ state: { status: "error" as const, error } });
const pending = { state: { status: "pending" as const, error: null } };
const succeeded = { state: { status: "success" as const, error: null } };

test("nothing is asked for again while nothing failed", () => {
  const interval = retryInterval(() => 0.5);
  expect([interval(pending), interval(succeeded)]).toEqual([false, false]);
});

test("the bound of the random wait doubles with every failure, up to the cap, and starts anew after a success", () => {
  const interval = retryInterval(() => 1 - Number.EPSILON);
  const waits = Array.from({ length: 7 }, () => {
    interval(pending);
    return interval(failed(refused(null)));
  });
  const { baseMs, capMs } = pollBackOff;
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64].map((n) => Math.min(capMs, n * baseMs)));
  interval(succeeded);
  expect(interval(failed(refused(null)))).toBe(baseMs);
});

test.each([429, 503])("what the service asked for is waited at least, with %i", (status) => {
  expect(retryInterval(() => 0)(failed(refused(9_000, status)))).toBe(9_000);
  expect(retryInterval(() => 0.5)(failed(refused(9_000, status)))).toBe(
    9_000 + pollBackOff.baseMs / 2,
  );
});

test("the dice are thrown once a failure, however often it is asked", () => {
  let throws = 0;
  const interval = retryInterval(() => 0.5 + ++throws / 10);
  const once = failed(refused(null));
  const first = interval(once);
  expect([interval(once), interval(once)]).toEqual([first, first]);
  expect(throws).toBe(1);
  expect(interval(failed(refused(null)))).not.toBe(first);
});

test("the wait is never so short that the page hammers the service", () => {
  expect(retryInterval(() => 0)(failed(new ApiError({ kind: "unreachable" })))).toBe(leastPollMs);
});
