import { createServer as createHttpServer } from "node:http";
import type { Server } from "node:http";
import type { Express } from "express";

/** A client must have sent its headers by then, and its whole request by the second. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 15_000;

/** How often both are checked; Node's own default of 30 s would let slow clients stay that much longer. */
const connectionsCheckingIntervalMs = 500;

/** Longer than proxies keep idle connections (nginx: 60 s), so that the proxy closes first and no request meets a closed one. */
const keepAliveTimeoutMs = 65_000;

/** A server, and how to wait for what it is answering. */
export interface DrainableServer {
  readonly server: Server;
  /** Resolves once no request is in flight. */
  idle(): Promise<void>;
}

/** An HTTP server with bounded patience for slow clients. */
export function createServer(app: Express): DrainableServer {
  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    app,
  );
  let inFlight = 0;
  let waiting: (() => void)[] = [];
  server.on("request", (_request, response) => {
    inFlight++;
    response.once("close", () => {
      if (--inFlight > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  const idle = () =>
    inFlight === 0 ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve));
  return { server, idle };
}
