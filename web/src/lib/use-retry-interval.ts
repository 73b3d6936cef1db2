import { useCallback, useRef } from "react";
import { failureOf } from "./api-failure";
import { nextDelayMs } from "./back-off";
import { useDependencies } from "./dependencies";
import type { BackOff } from "./back-off";

/** Slower than for a text that a person waits for: the page only keeps itself up to date. */
export const pollBackOff: BackOff = { baseMs: 2_000, capMs: 30_000 };

/** However the dice fall, a page that is merely open does not ask more often than this. */
export const leastPollMs = 1_000;

interface QueryState {
  readonly state: { readonly status: "pending" | "error" | "success"; readonly error: unknown };
}

/**
 * When a query that failed is asked for again: what the service asked for, plus exponential back-off with full jitter,
 * from the first again after a success.
 *
 * @returns a `refetchInterval` of TanStack Query; milliseconds, or false while nothing failed
 */
export function useRetryInterval(): (query: QueryState) => number | false {
  const { random } = useDependencies();
  const last = useRef({ error: null as unknown, failures: 0, delayMs: 0 });
  return useCallback(
    ({ state: { status, error } }) => {
      if (status === "success") last.current = { error: null, failures: 0, delayMs: 0 };
      if (status !== "error") return false;
      // Asked for at every render: the dice are thrown once a failure.
      if (error !== last.current.error) {
        const { failures } = last.current;
        const failure = failureOf(error);
        const retryAfterMs = failure.kind === "refused" ? failure.retryAfterMs : null;
        const delayMs = nextDelayMs(failures, retryAfterMs, random, pollBackOff);
        last.current = {
          error,
          failures: failures + 1,
          delayMs: Math.max(leastPollMs, Math.round(delayMs)),
        };
      }
      return last.current.delayMs;
    },
    [random],
  );
}
