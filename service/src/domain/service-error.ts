import { errors } from "@berth/contract";
import type { ErrorCode, ErrorResponse } from "@berth/contract";

/** One row of an error's details. */
export type ErrorDetail = ErrorResponse["error"]["details"][number];

/** An error that the API answers with; its status and message are the error table's. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly details: readonly ErrorDetail[];
  /** When to try again. Present on every error that may be tried again. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ErrorCode,
    options: { details?: readonly ErrorDetail[]; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(errors[code].message, { cause: options.cause });
    this.details = options.details ?? [];
    this.retryAfterMs = errors[code].retry === "later" ? (options.retryAfterMs ?? 1000) : undefined;
  }
}
