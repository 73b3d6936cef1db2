import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { errors, maxBodyBytes } from "@berth/contract";
import onHeaders from "on-headers";
import type { Clock } from "../ports/clock";
import { waitsToSend } from "./expect-continue";

/**
 * Ends a connection whose client may still be sending: says that nothing more will be answered, and throws away what
 * comes for a while. Closed at once, the connection would be reset, and the answer lost with it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function lingeringClose(socket: Socket, clock: Clock, lingerMs: number): void {
  const cancel = clock.schedule(lingerMs, () => socket.destroy());
  socket.once("close", cancel);
  socket.end();
}

/**
 * Lets a body that nobody reads hold no connection: what is left of it when the answer is out may come within
 * `lingerMs`, then the connection is closed. An answer to a body that is slow or may be long says so
 * (`Connection: close`).
 */
export function closeUnread(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  lingerMs: number,
): void {
  const { socket } = request;
  onHeaders(response, () => {
    if (!isLeftUnread(request, response)) return;
    response.setHeader("Connection", "close");
    // Node ends the connection by this method, and with it the answer's way.
    socket.destroySoon = () => lingeringClose(socket, clock, lingerMs);
  });
  response.once("finish", () => {
    if (request.complete || socket.destroyed) return;
    request.resume();
    const cancel = clock.schedule(lingerMs, () => {
      if (!request.complete) socket.destroy();
    });
    request.once("close", cancel);
  });
}

function isLeftUnread(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.complete) return false;
  if (response.statusCode === errors.request_timeout.status) return true;
  if (!mayBeLong(request)) return false;
  return response.statusCode >= 400 || request.readableFlowing === null;
}

function mayBeLong(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  if (length === undefined && coding === undefined) return false;
  return coding !== undefined || Number(length) > maxBodyBytes || waitsToSend(request);
}
