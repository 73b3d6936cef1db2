import type { ServerResponse } from "node:http";

/**
 * Ends an answer with a JSON body. Express' own `json()` looks up what is the same for every answer here: type, charset
 * and freshness.
 */
export function sendJson(response: ServerResponse, body: unknown): void {
  const json = JSON.stringify(body);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", Buffer.byteLength(json));
  response.end(json);
}
