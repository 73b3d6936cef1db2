import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Express } from "express";
import type { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import { answerBrokenConnections } from "./broken-connections";
import { leaveExpectationsToApp } from "./expect-continue";
import { inTurn } from "./in-turn";
import { ServerDrain } from "./server-drain";
import { closeUnread } from "./unread-body";

/** How long a client may take, in milliseconds. The body's limit is its endpoint's. */
export interface ConnectionLimits {
  /** From the first byte of a request to the last of its headers. */
  readonly headersMs: number;
  /** A connection on which nothing moves while a request is being sent or answered. */
  readonly stallMs: number;
  /** For the rest of a body that nobody reads, once its request is answered. */
  readonly lingerMs: number;
  /** Longer than proxies keep idle connections (nginx: 60 s), so that the proxy closes first and no request meets a closed one. */
  readonly keepAliveMs: number;
}

const defaultLimits: ConnectionLimits = {
  headersMs: 10_000,
  stallMs: 30_000,
  lingerMs: 1_000,
  keepAliveMs: 65_000,
};

/** How often slow headers are looked for; Node's own default of 30 s would let slow clients stay that much longer. */
const connectionsCheckingIntervalMs = 500;

export interface ServerOptions {
  readonly clock: Clock;
  /** Something was refused before it became a request of the application. */
  readonly onRefusal: (error: ServiceError, requestId: string) => void;
  /** Answers what is to be refused before the application sees it. @returns whether it did */
  readonly refuse?: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly limits?: Partial<ConnectionLimits> | undefined;
}

/** A server, and how to end it. */
export interface DrainableServer {
  readonly server: Server;
  readonly drain: ServerDrain;
}

/** An HTTP server with bounded patience for slow clients, which answers what is no HTTP too. */
export function createServer(
  app: Express,
  { clock, onRefusal, refuse, limits }: ServerOptions,
): DrainableServer {
  const { headersMs, stallMs, lingerMs, keepAliveMs } = { ...defaultLimits, ...limits };
  const server = createHttpServer({
    headersTimeout: headersMs,
    // A stream may take as long as its lines keep coming, so bodies are timed by who reads them.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(connectionsCheckingIntervalMs, headersMs),
    keepAliveTimeout: keepAliveMs,
    // The application refuses what names no host, with a body.
    requireHostHeader: false,
  });
  server.timeout = stallMs;
  const drain = new ServerDrain(server, clock);
  answerBrokenConnections(server, { clock, lingerMs, onRefusal });
  leaveExpectationsToApp(server);
  server.on(
    "request",
    inTurn((request, response) => {
      drain.took(response);
      closeUnread(request, response, clock, lingerMs);
      if (!refuse?.(request, response)) app(request, response);
    }),
  );
  return { server, drain };
}
