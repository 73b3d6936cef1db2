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

/** An HTTP server with bounded patience for slow clients. */
export function createServer(app: Express): Server {
  return createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    app,
  );
}
