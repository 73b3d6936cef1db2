import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that a client may send on one connection before it has the answer to the first. */
const mostPipelined = 64;

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Takes the requests of one connection one after another: the next once the answer to the one before has left.
 *
 * Node takes all that a client pipelines at once and keeps the answers until they are read, so that 40 kB of requests
 * from a client which reads nothing could hold 40 MB of answers.
 */
export function inTurn(handle: Handle): Handle {
  const waiting = new WeakMap<Socket, (() => void)[]>();

  const take = (socket: Socket, request: IncomingMessage, response: ServerResponse) => {
    response.once("close", () => {
      const next = waiting.get(socket)!.shift();
      if (next === undefined) waiting.delete(socket);
      else if (!socket.destroyed && socket.writable) next();
    });
    handle(request, response);
  };

  return (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    const behind = waiting.get(socket);
    if (behind === undefined) {
      waiting.set(socket, []);
      take(socket, request, response);
    } else if (behind.length >= mostPipelined) socket.destroy();
    else behind.push(() => take(socket, request, response));
  };
}
