import { nextDelayMs } from "../../../lib/back-off";
import type { ApiFailure } from "../../../lib/api-failure";
import type { AnalysisState } from "./analysis-state";

/** Attempts after which a refused text is left to the person: about a minute of waiting. */
export const maxAttempts = 6;

/** What a failed attempt looks like from outside. */
export interface FailedAttempt {
  readonly text: string;
  readonly failure: ApiFailure;
  /** Attempts so far, this one included. */
  readonly attempt: number;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * What follows on a failed attempt. Only a refusal and a lost network are repeated by themselves: after a timeout or a
 * broken connection the service may have answered, and repeating would record the text twice without asking.
 */
export function afterFailure({
  text,
  failure,
  attempt,
  nowMs,
  random,
}: FailedAttempt): AnalysisState {
  if (failure.kind === "cancelled") return { phase: "idle" };
  if (failure.kind === "offline")
    return { phase: "waiting", text, failure, attempt, resume: { on: "connection" } };
  if (failure.kind === "refused" && attempt < maxAttempts) {
    const delayMs = nextDelayMs(attempt - 1, failure.retryAfterMs, random);
    return {
      phase: "waiting",
      text,
      failure,
      attempt,
      resume: { on: "time", atMs: nowMs + delayMs, delayMs },
    };
  }
  return { phase: "failed", text, failure };
}
