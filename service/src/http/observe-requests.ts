import { errors, requestIdHeader } from "@berth/contract";
import type { Endpoint, ErrorCode } from "@berth/contract";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Clock } from "../ports/clock";
import type { RequestTrace, Tracer } from "../ports/tracer";
import { httpLabels } from "./http-series";
import { requestId } from "./request-id";
import { RequestLog, isRoutine, pathOf } from "./request-log";
import type { ServiceMetrics } from "./service-metrics";

declare module "express-serve-static-core" {
  interface Locals {
    /** When the request arrived, on the clock's scale. */
    arrivedAt: number;
    /** The endpoint of the contract that took the request. */
    endpoint?: Endpoint;
    /** Code of the error that was answered. */
    errorCode?: ErrorCode;
    /** The request's trace, where requests are traced. */
    trace?: RequestTrace;
  }
}

export interface ObserveRequestsOptions {
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
}

/**
 * The first middleware: names each request, and says once how it ended, in the metrics, the log and its trace. A request
 * whose client leaves has ended too, and is no answer.
 */
export function observeRequests(options: ObserveRequestsOptions): RequestHandler {
  const { clock, metrics, tracer } = options;
  const log = new RequestLog(options.logger);

  const ended = (request: Request, response: Response) => {
    const { arrivedAt, endpoint, errorCode, trace } = response.locals;
    const now = clock.now();
    const durationMs = now - arrivedAt;
    const answered = response.writableFinished;
    const status = answered ? response.statusCode : statusOf(errorCode);
    const labels = httpLabels(endpoint, status);
    metrics.add("httpRequests", 1, labels);
    if (answered)
      metrics.observe("httpDuration", durationMs / 1000, {
        route: labels.route,
        method: labels.method,
      });
    log.write(request, response, { durationMs, answered, status });
    trace?.end(now, { route: endpoint?.path, status, error: errorCode });
  };

  return (request, response, next) => {
    const { locals } = response;
    locals.arrivedAt = clock.now();
    request.id = requestId(request);
    request.log = options.logger;
    response.setHeader(requestIdHeader, request.id);
    if (tracer !== undefined) {
      const path = pathOf(request);
      if (!isRoutine(path))
        locals.trace = tracer.begin(request.method, path, parentOf(request), locals.arrivedAt);
    }
    // Comes once for every response, whether it was finished or its connection was lost.
    response.once("close", () => ended(request, response));
    next();
  };
}

/** Of an answer that the service itself broke off; an answer that met no error was broken off by the client. */
function statusOf(errorCode: ErrorCode | undefined): number | undefined {
  return errorCode === undefined ? undefined : errors[errorCode].status;
}

function parentOf({ headers }: Request) {
  const { traceparent, tracestate } = headers;
  return {
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    tracestate: typeof tracestate === "string" ? tracestate : undefined,
  };
}
