import { endpoints, errorResponse, errors, latencyBudget } from "@berth/contract";
import { ApiError } from "./api-failure";
import { parseRetryAfter } from "./retry-after";
import type { Endpoint } from "@berth/contract";
import type { z } from "zod";
import type { ApiFailure } from "./api-failure";

type Endpoints = typeof endpoints;

/** Name of an endpoint of the contract. A stream is none: it has no one body to send, and no one answer. */
export type EndpointName = {
  [N in keyof Endpoints]: Endpoints[N] extends { readonly requestType: "application/x-ndjson" }
    ? never
    : N;
}[keyof Endpoints];

type Field<E, K extends "params" | "body"> = E extends { readonly [P in K]: z.ZodType }
  ? { readonly [P in K]: z.output<E[P]> }
  : unknown;
type Query<E> = E extends { readonly query: z.ZodType }
  ? { readonly query?: Partial<z.output<E["query"]>> }
  : unknown;

/** What a call of an endpoint takes: the fields that the contract gives it, and a signal to give up by. */
export type CallOptions<N extends EndpointName> = Field<Endpoints[N], "params"> &
  Field<Endpoints[N], "body"> &
  Query<Endpoints[N]> & { readonly signal?: AbortSignal };

/** What a call of an endpoint answers. */
export type Answer<N extends EndpointName> = Endpoints[N] extends { readonly response: infer R }
  ? R extends z.ZodType
    ? z.output<R>
    : string
  : void;

/** The service's API. */
export interface ApiClient {
  /** @throws {ApiError} for every way in which the request can fail */
  call<N extends EndpointName>(name: N, options: CallOptions<N>): Promise<Answer<N>>;
}

/** What the client is made of; tests give their own. */
export interface ApiClientProps {
  /** @default the page's own */
  readonly fetch?: typeof fetch;
  /** Address in front of every path. @default the page's own origin */
  readonly baseUrl?: string;
  /** Give up on an answer after this long. @default latencyBudget.clientTimeoutMs */
  readonly timeoutMs?: number;
  /** Whether this device has a network. @default navigator.onLine */
  readonly isOnline?: () => boolean;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** Answers of a proxy that cannot reach the service just now. */
const gatewayStatuses: readonly number[] = [429, 502, 503, 504];

type LooseOptions = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

/** Path and query of a call. */
function address(endpoint: Endpoint, { params = {}, query = {} }: LooseOptions): string {
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ""),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) search.set(name, String(value));
  return search.size > 0 ? `${path}?${search}` : path;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an answer that is not a success means. */
function failureOfAnswer(response: Response, body: string, nowMs: number): ApiFailure {
  const { status } = response;
  const parsed = errorResponse.safeParse(parseJson(body));
  const requestId =
    (parsed.success ? parsed.data.error.requestId : null) ?? response.headers.get("x-request-id");
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), nowMs);
  if (parsed.success) {
    const { code, message, details } = parsed.data.error;
    if (errors[code].retry === "later")
      return { kind: "refused", status, requestId, code, message, retryAfterMs };
    if (status >= 500) return { kind: "server", status, requestId, message };
    return { kind: "rejected", status, requestId, code, message, details };
  }
  if (gatewayStatuses.includes(status))
    return { kind: "refused", status, requestId, code: null, message: null, retryAfterMs };
  if (status >= 500) return { kind: "server", status, requestId, message: null };
  return { kind: "mismatch", status, requestId, reason: "unknown error body" };
}

/** Reads a success by the contract's schema. */
function read(endpoint: Endpoint, response: Response, body: string): unknown {
  const { response: schema } = endpoint;
  if (schema === undefined) return undefined;
  if (typeof schema === "string") return body;
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw new ApiError({
    kind: "mismatch",
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    reason: parsed.error.issues
      .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
      .join("; "),
  });
}

/** Builds the client out of the contract's table of endpoints. */
export function createApiClient({
  fetch = (...args) => globalThis.fetch(...args),
  baseUrl = "",
  timeoutMs = latencyBudget.clientTimeoutMs,
  isOnline = () => navigator.onLine,
  now = Date.now,
}: ApiClientProps = {}): ApiClient {
  async function call(name: EndpointName, options: LooseOptions): Promise<unknown> {
    const endpoint: Endpoint = endpoints[name];
    const { signal, body } = options;
    const controller = new AbortController();
    const giveUp = () => controller.abort();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      giveUp();
    }, timeoutMs);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    try {
      const response = await fetch(baseUrl + address(endpoint, options), {
        method: endpoint.method.toUpperCase(),
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: controller.signal,
        cache: "no-store",
      });
      const text = await response.text();
      if (!response.ok) throw new ApiError(failureOfAnswer(response, text, now()));
      return read(endpoint, response, text);
    } catch (thrown) {
      if (thrown instanceof ApiError) throw thrown;
      if (timedOut) throw new ApiError({ kind: "timeout", afterMs: timeoutMs });
      if (signal?.aborted) throw new ApiError({ kind: "cancelled" });
      // Whatever else fetch throws is a connection that could not be made or kept.
      throw new ApiError({ kind: isOnline() ? "unreachable" : "offline" });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }
  return { call: call as ApiClient["call"] };
}
