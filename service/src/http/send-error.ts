import { errors } from "@berth/contract";
import type { ErrorCode, ErrorResponse } from "@berth/contract";
import type { ErrorRequestHandler, Request, Response } from "express";
import { ServiceError } from "../domain/service-error";
import { HistoryUnavailableError } from "../ports/history-store";

/** Errors of the body parser, by their `type`. */
const bodyErrors: Record<string, ErrorCode> = {
  "entity.parse.failed": "invalid_json",
  "entity.too.large": "body_too_large",
  "encoding.unsupported": "unsupported_media_type",
  "charset.unsupported": "unsupported_media_type",
  "request.aborted": "request_timeout",
  "request.size.invalid": "invalid_request",
};

/** Any error as the error table's. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof HistoryUnavailableError)
    return new ServiceError("history_unavailable", { cause: error });
  const { type, status } = error as { type?: unknown; status?: unknown };
  const code = typeof type === "string" ? bodyErrors[type] : undefined;
  if (code !== undefined) return new ServiceError(code, { cause: error });
  if (status === 404) return new ServiceError("not_found", { cause: error });
  // What Express and its middleware refuse for other reasons, such as an address that is no valid percent-encoding.
  if (typeof status === "number" && status >= 400 && status < 500)
    return new ServiceError("invalid_request", {
      details: [{ path: "", message: (error as Error).message }],
      cause: error,
    });
  return new ServiceError("internal", { cause: error });
}

/** Answers with an error of the table; `Retry-After` in whole seconds where trying again makes sense. */
export function sendError(request: Request, response: Response, error: ServiceError): void {
  const { status, message } = errors[error.code];
  if (error.retryAfterMs !== undefined)
    response.set("Retry-After", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  const body: ErrorResponse = {
    error: {
      code: error.code,
      message,
      details: [...error.details],
      requestId: String(request.id),
    },
  };
  response.status(status).set("Cache-Control", "no-store").json(body);
}

/** The last middleware: every error ends here. */
export function errorHandler(onError: (error: ServiceError) => void): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = toServiceError(error);
    onError(known);
    response.locals.errorCode = known.code;
    // Only what the service has to answer for is logged with its cause: a client's error can quote the client's text.
    if (errors[known.code].status >= 500 && known.cause !== undefined)
      response.err = known.cause as Error;
    if (response.headersSent) response.destroy();
    else sendError(request, response, known);
  };
}
