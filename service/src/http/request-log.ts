import { paths } from "@berth/contract";
import type { Request, Response } from "express";
import type { Logger } from "pino";

declare module "http" {
  interface IncomingMessage {
    /** The caller's request id, or one of the service's own. */
    id: string;
    /** The service's log, for what happens before the request's own line; give `reqId`. */
    log: Logger;
  }
  interface ServerResponse {
    /** Why the service failed; logged, never sent. */
    err?: Error | undefined;
  }
}

/** How a request ended. */
export interface RequestEnd {
  readonly durationMs: number;
  /** Whether the whole answer was sent. */
  readonly answered: boolean;
  /** Undefined if the client left before its answer. */
  readonly status: number | undefined;
}

/** Longest path that is logged, in UTF-16 code units; a request's line can be 16 KiB. */
const maxPathCharacters = 256;

/** What probes and scrapers ask for, every few seconds. */
const routine = new Set<string>([paths.healthz, paths.readyz, paths.metrics]);

/** Whether a request is a probe or a scrape, of which neither log nor traces are to be full. */
export function isRoutine(path: string): boolean {
  return routine.has(path);
}

/** Path of a request without its query, which is the user's. */
export function pathOf({ originalUrl }: Request): string {
  const query = originalUrl.indexOf("?");
  return query < 0 ? originalUrl : originalUrl.slice(0, query);
}

/** One line a request, when it has ended, with its outcome. It holds nothing that a user wrote but the path. */
export class RequestLog {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger.child({}, { serializers: { err: withoutFields } });
  }

  write(request: Request, response: Response, { durationMs, answered, status }: RequestEnd): void {
    const path = pathOf(request);
    const { err, locals } = response;
    const level = levelOf(path, status);
    if (!this.logger.isLevelEnabled(level)) return;
    const line: Record<string, unknown> = {
      reqId: request.id,
      method: request.method,
      path: path.slice(0, maxPathCharacters),
    };
    if (status !== undefined) line.status = status;
    line.durationMs = Math.round(durationMs * 1000) / 1000;
    if (locals.errorCode !== undefined) line.errorCode = locals.errorCode;
    if (locals.trace !== undefined) {
      line.trace_id = locals.trace.traceId;
      line.span_id = locals.trace.spanId;
    }
    if (err !== undefined) line.err = err;
    this.logger[level](line, answered ? "answered" : status ? "broken off" : "the client left");
  }
}

/** An error of a library can carry what it was working on in fields of its own; these three do not. */
function withoutFields({ name, message, stack }: Error) {
  return { type: name, message, stack };
}

function levelOf(path: string, status = 0) {
  if (isRoutine(path)) return "debug";
  if (status < 500) return "info";
  return status === 500 ? "error" : "warn";
}
