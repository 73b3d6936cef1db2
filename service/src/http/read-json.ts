import { isUtf8 } from "node:buffer";
import express from "express";
import type { RequestHandler } from "express";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import { askForBody } from "./expect-continue";

declare module "express-serve-static-core" {
  interface Locals {
    /** The JSON that `request.body` was parsed from. */
    json?: string;
  }
}

/** The type, and with it the only parameter that it may have. JSON is UTF-8. */
const typePattern = (mediaType: string) =>
  new RegExp(`^${mediaType.replace(/[.+]/g, "\\$&")}\\s*(;\\s*(charset=("?)utf-8\\3)?\\s*)?$`, "i");

/** Refuses a body of another media type or charset before it is read. */
export function requireType(mediaType: string): RequestHandler {
  const pattern = typePattern(mediaType);
  return (request, _response, next) => {
    if (pattern.test(request.headers["content-type"] ?? "")) return next();
    const message = `Content-Type must be ${mediaType}, encoded as UTF-8`;
    throw new ServiceError("unsupported_media_type", { details: [{ path: "", message }] });
  };
}

/** How a body may be compressed; newer versions of Node would know more. */
const encodings: readonly string[] = ["identity", "gzip", "deflate", "br"];

export interface ReadJsonOptions {
  readonly clock: Clock;
  /** Largest body, as it is sent and as it is inflated. */
  readonly maxBodyBytes: number;
  /** From the end of the headers to the end of the body. */
  readonly timeoutMs: number;
}

/**
 * Reads a JSON body into `request.body`, inflated. It is refused as soon as it is known to be too large or too slow,
 * whatever is still to come.
 */
export function readJson(options: ReadJsonOptions): RequestHandler {
  const { clock, maxBodyBytes, timeoutMs } = options;
  const read = express.raw({ type: () => true, limit: maxBodyBytes });
  return (request, response, next) => {
    const { "content-encoding": encoding = "identity" } = request.headers;
    if (!encodings.includes(encoding.toLowerCase()))
      throw new ServiceError("unsupported_media_type", {
        details: [{ path: "", message: `Content-Encoding must be one of ${encodings.join(", ")}` }],
      });
    if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes)
      throw new ServiceError("body_too_large");
    askForBody(request, response);
    let received = 0;
    const count = (chunk: Buffer) => {
      received += chunk.length;
      // The parser would tell only once the whole body has arrived.
      if (received > maxBodyBytes) finish(new ServiceError("body_too_large"));
    };
    let finished = false;
    const finish = (error?: unknown) => {
      if (finished) return;
      finished = true;
      cancel();
      request.off("data", count);
      if (error !== undefined) return next(error);
      try {
        const json = decode(request.body);
        response.locals.json = json;
        request.body = parse(json);
      } catch (fault) {
        return next(fault);
      }
      next();
    };
    const cancel = clock.schedule(timeoutMs, () => finish(new ServiceError("request_timeout")));
    response.once("close", cancel);
    request.on("data", count);
    read(request, response, finish);
  };
}

const byteOrderMark = Buffer.from("\ufeff");

function decode(body: unknown): string {
  if (!Buffer.isBuffer(body) || !isUtf8(body)) throw new ServiceError("invalid_json");
  // A byte order mark is no part of the JSON.
  const hasMark = body.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  return body.toString("utf8", hasMark ? byteOrderMark.length : 0);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Its message quotes the client's text.
    throw new ServiceError("invalid_json");
  }
}
