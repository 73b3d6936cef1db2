/** When a request that failed may be sent again: never unchanged, or after `Retry-After`. */
export type Retry = "never" | "later";

/** One row. Whatever may be tried again is answered with `Retry-After`, which gives the time to wait. */
interface ErrorRow {
  readonly status: number;
  /** What happened and what to change. Shown to people as it stands. */
  readonly message: string;
  readonly retry: Retry;
}

/** Every error that the API answers with. Status, message and retry advice stand here and nowhere else. */
export const errors = {
  malformed_request: {
    status: 400,
    message: "This is not valid HTTP/1.1, or it was sent in a way that this service does not take.",
    retry: "never",
  },
  headers_too_large: {
    status: 431,
    message: "The request's headers are too large. Send fewer or shorter ones.",
    retry: "never",
  },
  expectation_failed: {
    status: 417,
    message: "The header Expect asks for something that does not exist. Only 100-continue does.",
    retry: "never",
  },
  unauthorized: {
    status: 401,
    message: "This needs the service's API key. Send the header Authorization: Bearer <key>.",
    retry: "never",
  },
  invalid_json: {
    status: 400,
    message: "This is not valid JSON, encoded as UTF-8. Send what /openapi.json describes.",
    retry: "never",
  },
  invalid_request: {
    status: 400,
    message: "The request does not fit the API. Change what `details` names.",
    retry: "never",
  },
  text_empty: {
    status: 422,
    message: "Nothing is left of the text after cleaning. Send a text with words in it.",
    retry: "never",
  },
  text_too_long: {
    status: 413,
    message: "The text is too long. Shorten it to the limit that `details` gives.",
    retry: "never",
  },
  body_too_large: {
    status: 413,
    message: "The request body is too large. Send a shorter text, or fewer texts.",
    retry: "never",
  },
  unsupported_media_type: {
    status: 415,
    message: "The body is not of the type that this address takes. Change what `details` names.",
    retry: "never",
  },
  not_found: {
    status: 404,
    message: "There is nothing at this address. See /openapi.json for what exists.",
    retry: "never",
  },
  history_entry_not_found: {
    status: 404,
    message: "No history entry has this id. It may have been deleted.",
    retry: "never",
  },
  method_not_allowed: {
    status: 405,
    message: "This address does not take this method. The header Allow names those that it takes.",
    retry: "never",
  },
  request_timeout: {
    status: 408,
    message: "The request took too long to arrive. Send it again.",
    retry: "later",
  },
  rate_limited: {
    status: 429,
    message: "Too many requests from this client. Wait a little and try again.",
    retry: "later",
  },
  queue_full: {
    status: 503,
    message: "The service is busy. Try again in a moment.",
    retry: "later",
  },
  deadline_exceeded: {
    status: 503,
    message: "The service could not answer in time. Try again in a moment.",
    retry: "later",
  },
  inference_failed: {
    status: 503,
    message: "The model process failed on this request and is being replaced. Try again.",
    retry: "later",
  },
  not_ready: {
    status: 503,
    message: "The service is starting, stopping, or has no usable model. Try again shortly.",
    retry: "later",
  },
  history_unavailable: {
    status: 503,
    message: "The history store cannot be reached. Analyses go on and are recorded later.",
    retry: "later",
  },
  internal: {
    status: 500,
    message: "The service failed unexpectedly. Its log has the details under this request id.",
    retry: "never",
  },
} as const satisfies Record<string, ErrorRow>;

/** A code of the error table. */
export type ErrorCode = keyof typeof errors;

/** All codes of the error table. */
export const errorCodes = Object.keys(errors) as [ErrorCode, ...ErrorCode[]];
