import type { Endpoint, endpoints } from "@berth/contract";
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Analyzer } from "../analysis/analyzer";
import type { ServedModel } from "../analysis/served-model";
import type { HistoryRecorder } from "../history/history-recorder";
import type { Clock } from "../ports/clock";
import type { HistoryStore } from "../ports/history-store";
import type { ClientRate } from "./client-rate";
import { analyzeHandlers } from "./handlers/analyze";
import { analyzeBatchHandlers } from "./handlers/analyze-batch";
import { analyzeStreamHandlers } from "./handlers/analyze-stream";
import { historyHandlers } from "./handlers/history";
import { serviceHandlers } from "./handlers/service";
import type { ServiceMetrics } from "./service-metrics";

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

/** A request after validation. */
export interface Valid<E extends Endpoint = Endpoint> {
  readonly params: Output<E["params"]>;
  readonly query: Output<E["query"]>;
  /** Of a stream, the handler reads the lines itself. */
  readonly body: E extends { readonly requestType: "application/x-ndjson" }
    ? undefined
    : Output<E["body"]>;
  /** When it had arrived, on the clock's scale. */
  readonly arrivedAt: number;
  /** How long after that the answer is due. */
  readonly deadlineMs: number;
}

/** Answers a valid request; what it throws is answered by the error table. */
export type Handler<E extends Endpoint = Endpoint> = (
  valid: Valid<E>,
  request: Request,
  response: Response,
) => Promise<void> | void;

/** One handler an endpoint of the contract. */
export type Handlers = {
  readonly [Name in keyof typeof endpoints]: Handler<(typeof endpoints)[Name]>;
};

export interface HandlerOptions {
  readonly analyzer: Analyzer;
  readonly history: HistoryStore;
  readonly recorder: HistoryRecorder;
  readonly metrics: ServiceMetrics;
  readonly clock: Clock;
  readonly version: string;
  /** The model once it is loaded. */
  readonly tryModel: () => ServedModel | undefined;
  /** Aborts once the service is to end. */
  readonly stopping: AbortSignal;
  /** A stream whose client sends no line, or takes no answer, for this long is ended. @default streamIdleMs */
  readonly streamIdleMs?: number | undefined;
}

/** {@link HandlerOptions}, and what the application shares between its requests. */
export interface HandlerDependencies extends HandlerOptions {
  readonly rate: ClientRate;
  /** Whether writing needs an API key. */
  readonly secured: boolean;
}

/** Builds the handlers, topic by topic. */
export function createHandlers(
  dependencies: HandlerDependencies,
): Record<keyof typeof endpoints, Handler> {
  const handlers: Handlers = {
    ...analyzeHandlers(dependencies),
    ...analyzeBatchHandlers(dependencies),
    ...analyzeStreamHandlers(dependencies),
    ...historyHandlers(dependencies),
    ...serviceHandlers(dependencies),
  };
  // Each is only called with what its own endpoint's schemas made.
  return handlers as unknown as Record<keyof typeof endpoints, Handler>;
}
