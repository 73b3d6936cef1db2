import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { ServiceError } from "../domain/service-error";
import { TokenBuckets } from "../domain/token-bucket";
import type { Clock } from "../ports/clock";

/**
 * Wrong or missing keys that one client may send. Guessing is hopeless at this rate: a key has at least 16 characters.
 */
const failureRate = { perSecond: 1, burst: 10 } as const;

export interface ApiKeyOptions {
  readonly key: string;
  readonly clock: Clock;
  /** Whose failures a request counts to; undefined for clients that are not limited. */
  readonly clientOf: (request: Parameters<RequestHandler>[0]) => string | undefined;
}

/**
 * Lets only requests with the service's key pass: `Authorization: Bearer <key>`.
 *
 * It stands before the body is read and before the client's rate is charged, so that strangers cost little and use up
 * nothing. A client that failed too often is refused before its key is looked at: it does not learn whether a guess was
 * right.
 */
export function requireApiKey({ key, clock, clientOf }: ApiKeyOptions): RequestHandler {
  const expected = digest(key);
  const failures = new TokenBuckets(failureRate, clock);
  return (request, response, next) => {
    const client = clientOf(request);
    const waitMs = client === undefined ? 0 : failures.waitMs(client);
    if (waitMs > 0) throw new ServiceError("rate_limited", { retryAfterMs: waitMs });
    const given = bearer(request.headers.authorization);
    // Digests have one length, so the comparison takes the same time whatever was sent.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    if (client !== undefined) failures.take(client);
    response.set("WWW-Authenticate", given === undefined ? challenge : `${challenge}, ${invalid}`);
    throw new ServiceError("unauthorized");
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
const challenge = 'Bearer realm="berth"';
const invalid = 'error="invalid_token"';

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(header ?? "")?.[1];
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
