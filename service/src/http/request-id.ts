import type { IncomingMessage } from "node:http";
import { newId } from "../domain/new-id";

/** What a caller may choose as request id; anything else could forge log lines. */
const acceptable = /^[\w.-]{1,64}$/;

/** The caller's `X-Request-Id` where it is one, otherwise a new id. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && acceptable.test(given) ? given : newId();
}
