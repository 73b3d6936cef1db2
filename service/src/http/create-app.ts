import {
  allowedHeaders,
  apiPrefix,
  deadlineHeader,
  deadlineMs,
  endpoints,
  exposedHeaders,
  latencyBudget,
  maxBodyBytes,
} from "@berth/contract";
import type { Endpoint, Settings } from "@berth/contract";
import cors from "cors";
import express from "express";
import type { Express, Request, RequestHandler, Response } from "express";
import onHeaders from "on-headers";
import type { Logger } from "pino";
import { z } from "zod";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import type { Tracer } from "../ports/tracer";
import { requireApiKey } from "./api-key";
import { atOnce } from "./at-once";
import { ClientRate, limitedClient } from "./client-rate";
import { askForBody, expectsUnknown } from "./expect-continue";
import { createHandlers } from "./handlers";
import type { Handler, HandlerOptions, Valid } from "./handlers";
import { observeRequests } from "./observe-requests";
import { pageRouter } from "./page";
import { readJson, requireType } from "./read-json";
import { hasRepeatedKeys } from "./repeated-keys";
import { apiSecurityHeaders } from "./security-headers";
import { errorHandler } from "./send-error";
import { validate } from "./validate";

export interface AppOptions extends HandlerOptions {
  readonly settings: Pick<
    Settings,
    | "TRUSTED_PROXIES"
    | "RATE_LIMIT_PER_SECOND"
    | "RATE_LIMIT_BURST"
    | "API_KEY"
    | "CORS_ORIGINS"
    | "WEB_DIR"
  >;
  readonly logger: Logger;
  /** None where requests are not traced. */
  readonly tracer?: Tracer | undefined;
  /** True once the service is to end: answers then close their connections. */
  readonly isStopping: () => boolean;
  /** From the end of a request's headers to the end of its JSON body. @default 10 seconds */
  readonly bodyTimeoutMs?: number | undefined;
}

const defaultBodyTimeoutMs = 10_000;

/** The HTTP application, built from the contract's endpoints. It never listens. */
export function createApp(options: AppOptions): Express {
  const { settings: configured, metrics, clock, isStopping } = options;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", configured.TRUSTED_PROXIES);
  app.set("query parser", "simple");

  app.use(observeRequests(options));
  app.use((_request, response, next) => {
    // Decided when the answer begins, so that requests in flight let go of their connections too.
    onHeaders(response, () => {
      if (isStopping()) response.setHeader("Connection", "close");
    });
    next();
  });
  app.use((request, response, next) => {
    for (const [name, value] of apiSecurityHeaders) response.setHeader(name, value);
    if (namesNoHost(request)) {
      response.setHeader("Connection", "close");
      throw new ServiceError("malformed_request");
    }
    if (expectsUnknown(request)) throw new ServiceError("expectation_failed");
    next();
  });
  if (configured.CORS_ORIGINS !== undefined) app.use(crossOrigin(configured.CORS_ORIGINS));

  const rate = new ClientRate(configured, clock);
  const secured = configured.API_KEY !== undefined;
  const handlers = createHandlers({ ...options, secured, rate });
  // A request costs a token before anything is read; a batch's and a stream's further texts are charged by their handlers.
  const limit: RequestHandler = (request, _response, next) => {
    rate.charge(request, 1);
    next();
  };
  const key =
    configured.API_KEY === undefined
      ? []
      : [requireApiKey({ key: configured.API_KEY, clock, clientOf: limitedClient })];
  const methods = new Map<string, string[]>();
  for (const [id, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const path = endpoint.path.replace(/\{(\w+)\}/g, ":$1");
    methods.set(path, [...(methods.get(path) ?? []), endpoint.method.toUpperCase()]);
    const handler = handlers[id as keyof typeof endpoints];
    const markRoute: RequestHandler = (_request, response, next) => {
      response.locals.endpoint = endpoint;
      next();
    };
    const guards = [
      ...(endpoint.writes ? key : []),
      ...(endpoint.body ? [limit] : []),
      ...(endpoint.maxAtOnce === undefined ? [] : [atOnce(endpoint.maxAtOnce)]),
    ];
    app[endpoint.method](
      path,
      markRoute,
      ...guards,
      ...body(endpoint, options),
      answer(endpoint, handler, clock),
    );
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
    const { params, query, body } = endpoint;
    const valid = {
      params: params && validate(params, request.params),
      query: query && validate(query, request.query),
      body: body && !isStream(endpoint) ? validateBody(body, request, response) : undefined,
      deadlineMs: endpoint.deadline ? deadlineOf(request) : latencyBudget.requestDeadlineMs,
      // The client's upload is the client's time.
      arrivedAt: clock.now(),
    };
    if (endpoint.path.startsWith(`${apiPrefix}/`)) response.set("Cache-Control", "no-store");
    // Each handler reads only the parts that its endpoint declares.
    await handler(valid as unknown as Valid, request, response);
  };
}

/** Repeated keys are looked for last: what does not fit the schema, however large or deep, costs no more than that. */
function validateBody(schema: z.ZodType, { body }: Request, { locals }: Response): unknown {
  const valid = validate(schema, body);
  if (hasRepeatedKeys(locals.json!, body))
    throw new ServiceError("invalid_request", {
      details: [{ path: "", message: "a field is given more than once" }],
    });
  return valid;
}

function isStream({ requestType = jsonType }: Endpoint): boolean {
  return requestType !== jsonType;
}

const jsonType = "application/json";

/** JSON is read here; the handler of a stream reads it itself. */
function body(endpoint: Endpoint, { clock, bodyTimeoutMs }: AppOptions): RequestHandler[] {
  if (endpoint.body === undefined) return [];
  const typed = requireType(endpoint.requestType ?? jsonType);
  if (isStream(endpoint))
    return [
      typed,
      (request, response, next) => {
        askForBody(request, response);
        next();
      },
    ];
  return [
    typed,
    readJson({
      clock,
      maxBodyBytes: endpoint.maxBodyBytes ?? maxBodyBytes,
      timeoutMs: bodyTimeoutMs ?? defaultBodyTimeoutMs,
    }),
  ];
}

const deadlineHeaders = z.object({ [deadlineHeader]: deadlineMs });

function deadlineOf(request: Request): number {
  const given = request.headers[deadlineHeader.toLowerCase()];
  return validate(deadlineHeaders, { [deadlineHeader]: given })[deadlineHeader]!;
}

/** @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
function namesNoHost({ httpVersion, rawHeaders }: Request): boolean {
  if (httpVersion !== "1.1") return false;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") hosts++;
  return hosts !== 1;
}

/** How long a browser remembers that it may ask, in seconds. */
const preflightMaxAgeSeconds = 600;

function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: [...allowedHeaders],
    exposedHeaders: [...exposedHeaders],
    maxAge: preflightMaxAgeSeconds,
  });
}
