import { z } from "zod";
import { latencyBudget } from "./latency-budget";

/** Names a request in answers, logs and traces. A caller's own is kept where it is 1 to 64 of `A-Za-z0-9_.-`. */
export const requestIdHeader = "X-Request-Id";

/** How long the caller waits for an answer; see {@link deadlineMs}. */
export const deadlineHeader = "X-Deadline-Ms";

/**
 * Value of {@link deadlineHeader}: whole milliseconds from 1, counted from when the whole request has arrived, since
 * the upload is the client's own time. What is above the latency budget's request deadline is capped to it, and so is a
 * request without the header. A stream takes none.
 */
export const deadlineMs = z
  .string()
  .regex(/^[1-9]\d*$/, "must be a whole number of milliseconds from 1")
  .transform((digits) => Math.min(Number(digits), latencyBudget.requestDeadlineMs))
  .default(latencyBudget.requestDeadlineMs);

/** Headers of answers that a page of another origin may read where CORS is configured. */
export const exposedHeaders = ["Retry-After", requestIdHeader] as const;

/** Headers that a page of another origin may send where CORS is configured. */
export const allowedHeaders = [
  "Authorization",
  "Content-Type",
  deadlineHeader,
  requestIdHeader,
] as const;
