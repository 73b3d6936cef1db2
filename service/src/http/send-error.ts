import { errors } from "@berth/contract";
import type { ErrorCode, ErrorResponse } from "@berth/contract";
import type { ErrorRequestHandler } from "express";
import type { ServerResponse } from "node:http";
import { ServiceError } from "../domain/service-error";
import { HistoryUnavailableError } from "../ports/history-store";
import { sendJson } from "./send-json";

/** Errors of the body parser, by their `type`. */
const bodyErrors: Record<string, ErrorCode> = {
  "entity.too.large": "body_too_large",
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
export function sendError(
  response: ServerResponse,
  error: Pick<ServiceError, "code" | "details" | "retryAfterMs">,
  requestId: string,
): void {
  const { status, message } = errors[error.code];
  if (error.retryAfterMs !== undefined)
    response.setHeader("Retry-After", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  const answer: ErrorResponse = {
    error: { code: error.code, message, details: [...error.details], requestId },
  };
  response.statusCode = status;
  response.setHeader("Cache-Control", "no-store");
  sendJson(response, answer);
}

/** The last middleware: every error ends here. */
export function errorHandler(onError: (error: ServiceError) => void): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // What broke the connection's HTTP was answered and counted already; and nobody is there to refuse to.
    if (response.writableEnded || response.destroyed) return;
    const known = toServiceError(error);
    onError(known);
    response.locals.errorCode = known.code;
    // Only what the service has to answer for is logged with its cause: a client's error can quote the client's text.
    if (errors[known.code].status >= 500 && known.cause !== undefined)
      response.err = known.cause as Error;
    if (response.headersSent) response.destroy();
    else sendError(response, known, String(request.id));
  };
}
