import { apiPrefix, endpoints, maxBodyBytes } from "@berth/contract";
import type { Endpoint, ErrorCode, Settings } from "@berth/contract";
import express from "express";
import type { Express, RequestHandler, Response } from "express";
import helmet from "helmet";
import onHeaders from "on-headers";
import type { Logger } from "pino";
import { pinoHttp } from "pino-http";
import { ServiceError } from "../domain/service-error";
import { TokenBuckets } from "../domain/token-bucket";
import type { Clock } from "../ports/clock";
import { createHandlers } from "./handlers";
import type { Handler, HandlerOptions, Valid } from "./handlers";
import { pageRouter } from "./page";
import { requestId } from "./request-id";
import { errorHandler } from "./send-error";
import { validate } from "./validate";

export interface AppOptions extends HandlerOptions {
  readonly settings: Pick<
    Settings,
    "TRUSTED_PROXIES" | "RATE_LIMIT_PER_SECOND" | "RATE_LIMIT_BURST" | "WEB_DIR"
  >;
  readonly logger: Logger;
  /** True once the service is to end: answers then close their connections. */
  readonly isStopping: () => boolean;
}

declare module "express-serve-static-core" {
  interface Locals {
    /** When the request arrived, on the clock's scale. */
    arrivedAt: number;
    /** Path template of the endpoint that took the request; a metric's label. */
    route: string;
    /** Code of the error that was answered. */
    errorCode?: ErrorCode;
  }
}

/** Route label of requests that no endpoint of the contract took. */
const otherRoute = "other";

/** The HTTP application, built from the contract's endpoints. It never listens. */
export function createApp(options: AppOptions): Express {
  const { settings: configured, logger, metrics, clock, isStopping } = options;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", configured.TRUSTED_PROXIES);
  app.set("query parser", "simple");

  app.use((request, response, next) => {
    response.locals.arrivedAt = clock.now();
    response.locals.route = otherRoute;
    // Decided when the answer begins, so that requests in flight let go of their connections too.
    onHeaders(response, () => {
      if (isStopping()) response.setHeader("Connection", "close");
    });
    response.once("finish", () =>
      metrics.observe("httpRequests", (clock.now() - response.locals.arrivedAt) / 1000, {
        route: response.locals.route,
        method: knownMethod(request.method),
        status: String(response.statusCode),
      }),
    );
    next();
  });
  app.use(
    pinoHttp({
      logger,
      genReqId: requestId,
      // One line a request, with its outcome; probes and scrapes only at the debug level.
      customLogLevel: (request, response) => {
        if (isRoutine(request.url)) return "debug";
        if (response.statusCode === 500) return "error";
        return response.statusCode > 500 ? "warn" : "info";
      },
      // pino-http makes up an error for every status from 500; the error's code says more.
      customErrorObject: (_request, response, _error, fields: { err?: Error }) => {
        const { err, ...others } = fields;
        return response.err === undefined ? others : { ...others, err };
      },
      customProps: (_request, response) => {
        const { errorCode } = (response as Response).locals;
        return errorCode === undefined ? {} : { errorCode };
      },
      serializers: {
        req: ({ id, method, url }: { id: unknown; method: string; url: string }) => ({
          id,
          method,
          url,
        }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
        err: ({ type, message, stack }: { type: string; message: string; stack: string }) => ({
          type,
          message,
          stack,
        }),
      },
    }),
  );
  app.use((request, response, next) => {
    response.set("X-Request-Id", String(request.id));
    next();
  });
  app.use(securityHeaders());

  const handlers = createHandlers(options);
  const limit = rateLimit(options);
  const methods = new Map<string, string[]>();
  for (const [id, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const path = endpoint.path.replace(/\{(\w+)\}/g, ":$1");
    methods.set(path, [...(methods.get(path) ?? []), endpoint.method.toUpperCase()]);
    const handler = handlers[id as keyof typeof endpoints];
    const markRoute: RequestHandler = (_request, response, next) => {
      response.locals.route = endpoint.path;
      next();
    };
    const body = endpoint.body === undefined ? [] : [limit, ...jsonBody()];
    app[endpoint.method](path, markRoute, ...body, answer(endpoint, handler, clock));
  }
  for (const [path, allowed] of methods)
    app.all(path, (_request, response) => {
      response.set("Allow", allowed.join(", "));
      throw new ServiceError("method_not_allowed");
    });

  if (configured.WEB_DIR !== undefined) app.use(pageRouter(configured.WEB_DIR));
  app.use(() => {
    throw new ServiceError("not_found");
  });
  app.use(errorHandler((error) => metrics.add("requestsRefused", 1, { code: error.code })));
  return app;
}

function answer(endpoint: Endpoint, handler: Handler, clock: Clock): RequestHandler {
  return async (request, response) => {
    const valid = {
      params: endpoint.params && validate(endpoint.params, request.params),
      query: endpoint.query && validate(endpoint.query, request.query),
      body: endpoint.body && validate(endpoint.body, request.body),
      // The client's upload is the client's time.
      arrivedAt: clock.now(),
    };
    if (endpoint.path.startsWith(`${apiPrefix}/`)) response.set("Cache-Control", "no-store");
    // Each handler reads only the parts that its endpoint declares.
    await handler(valid as unknown as Valid, request, response);
  };
}

const jsonType = /^application\/json\s*(;|$)/i;

function jsonBody(): RequestHandler[] {
  return [
    (request, _response, next) => {
      if (!jsonType.test(request.get("Content-Type") ?? ""))
        throw new ServiceError("unsupported_media_type");
      next();
    },
    express.json({ limit: maxBodyBytes, strict: false }),
  ];
}

function rateLimit({ settings: configured, clock }: AppOptions): RequestHandler {
  const buckets = new TokenBuckets(
    { perSecond: configured.RATE_LIMIT_PER_SECOND, burst: configured.RATE_LIMIT_BURST },
    clock,
  );
  return (request, _response, next) => {
    const client = request.ip ?? "unknown";
    const waitMs = isLoopback(client) ? 0 : buckets.take(client);
    if (waitMs > 0) throw new ServiceError("rate_limited", { retryAfterMs: waitMs });
    next();
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

function isRoutine(url: string | undefined): boolean {
  return [endpoints.healthz.path, endpoints.readyz.path, endpoints.metrics.path].some(
    (path) => path === url,
  );
}

/** A client may send any word as method; only those that are known become a label. */
function knownMethod(method: string): string {
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method)
    ? method
    : "OTHER";
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: "no-referrer" },
    // TLS ends at the Ingress, which says so; over plain HTTP on a laptop this header would lock people out.
    strictTransportSecurity: false,
  });
}
