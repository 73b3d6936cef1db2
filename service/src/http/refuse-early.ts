import type { IncomingMessage, ServerResponse } from "node:http";
import { endpoints, errors, requestIdHeader } from "@berth/contract";
import type { Logger } from "pino";
import type { ServedModel } from "../analysis/served-model";
import type { Clock } from "../ports/clock";
import { httpLabels } from "./http-series";
import { requestId } from "./request-id";
import { apiSecurityHeaders } from "./security-headers";
import { sendError } from "./send-error";
import type { ServiceMetrics } from "./service-metrics";

export interface RefuseEarlyOptions {
  readonly tryModel: () => ServedModel | undefined;
  readonly metrics: ServiceMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

const { analyze } = endpoints;
const code = "queue_full";

/**
 * Refuses a single text while the queue is full, before the application sees it and before its body is read. The
 * application would refuse it in the same words, but for many times the work; under overload that work is taken from the
 * requests that are served. See docs/decisions/0007-refuse-before-express.md.
 *
 * @returns whether it was refused
 */
export function refuseEarly({
  tryModel,
  metrics,
  logger,
  clock,
}: RefuseEarlyOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  const labels = httpLabels(analyze, errors[code].status);
  const { route, method } = labels;
  return (request, response) => {
    if (request.url !== analyze.path || request.method !== method) return false;
    if (request.headers.expect !== undefined) return false;
    const retryAfterMs = tryModel()?.queue.fullForMs;
    if (retryAfterMs === undefined) return false;
    const startedAt = clock.now();
    const id = requestId(request);
    response.setHeaders(apiSecurityHeaders as Map<string, string>);
    response.setHeader(requestIdHeader, id);
    sendError(response, { code, details: [], retryAfterMs }, id);
    metrics.add("requestsRefused", 1, { code });
    metrics.add("httpRequests", 1, labels);
    metrics.observe("httpDuration", (clock.now() - startedAt) / 1000, { route, method });
    logger.warn(
      { reqId: id, method, path: route, status: response.statusCode, errorCode: code },
      "answered",
    );
    return true;
  };
}
