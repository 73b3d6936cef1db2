import type { ErrorCode, ErrorResponse } from "@berth/contract";

type Detail = ErrorResponse["error"]["details"][number];

interface FromService {
  /** Status of the answer. */
  readonly status: number;
  /** The id under which the service's log has the details; null when the answer named none. */
  readonly requestId: string | null;
}

/** Everything that can keep a request from being answered. Each kind has its own look and its own remedy. */
export type ApiFailure =
  /** Busy or away for a moment: the same request may be sent again after `retryAfterMs`. */
  | (FromService & {
      readonly kind: "refused";
      /** Null when a proxy in front of the service refused. */
      readonly code: ErrorCode | null;
      readonly message: string | null;
      /** What `Retry-After` asks for; null when the answer did not say. */
      readonly retryAfterMs: number | null;
    })
  /** The request itself must change. */
  | (FromService & {
      readonly kind: "rejected";
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: readonly Detail[];
    })
  /** The service failed. */
  | (FromService & { readonly kind: "server"; readonly message: string | null })
  /** This device has no network. */
  | { readonly kind: "offline" }
  /** There is a network, but the service does not answer on it. */
  | { readonly kind: "unreachable" }
  /** No answer within the page's own limit. */
  | { readonly kind: "timeout"; readonly afterMs: number }
  /** The answer is not what this page's contract says: the page is older or newer than the service. */
  | (FromService & { readonly kind: "mismatch"; readonly reason: string })
  /** The person or the page gave up on the request. */
  | { readonly kind: "cancelled" };

/** What the client throws. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(readonly failure: ApiFailure) {
    super(`The request failed: ${failure.kind}`);
  }
}

/** The failure behind anything that was thrown. An error of our own code counts as a mismatch: reloading may mend it. */
export function failureOf(thrown: unknown): ApiFailure {
  if (thrown instanceof ApiError) return thrown.failure;
  return { kind: "mismatch", status: 0, requestId: null, reason: String(thrown) };
}
