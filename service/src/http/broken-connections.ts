import { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { requestIdHeader } from "@berth/contract";
import type { ErrorCode } from "@berth/contract";
import type { Response } from "express";
import { newId } from "../domain/new-id";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import { apiSecurityHeaders } from "./security-headers";
import { sendError } from "./send-error";
import { lingeringClose } from "./unread-body";

/** Node's error codes that have a row of their own; the rest is `malformed_request`. */
const parserErrors: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "body_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** The client is gone: there is nobody to answer. */
const goneClients = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

export interface BrokenConnectionsOptions {
  readonly clock: Clock;
  readonly lingerMs: number;
  /** Something was refused before it became a request of the application. */
  readonly onRefusal: (error: ServiceError, requestId: string) => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Answers what is no HTTP request that the application could take: malformed or oversized headers, clients that are too
 * slow with them, `CONNECT`. The answer is the error table's, and the connection is closed after it.
 *
 * Nothing is written into an answer that has begun, and no answer overtakes that of an earlier request.
 */
export function answerBrokenConnections(server: Server, options: BrokenConnectionsOptions): void {
  const { clock, lingerMs, onRefusal } = options;
  const exchanges = new WeakMap<Socket, Set<Exchange>>();
  const refused = new WeakSet<Socket>();

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const open = exchanges.get(socket) ?? new Set();
    exchanges.set(socket, open);
    const exchange = { request, response };
    open.add(exchange);
    response.once("close", () => open.delete(exchange));
  });

  const answer = (socket: Socket, error: ServiceError, allow?: string) => {
    if (!socket.writable) return void socket.destroy();
    const requestId = newId();
    const response = new ServerResponse(new IncomingMessage(socket));
    response.assignSocket(socket);
    for (const [name, value] of apiSecurityHeaders) response.setHeader(name, value);
    response.setHeader(requestIdHeader, requestId);
    response.setHeader("Connection", "close");
    if (allow !== undefined) response.setHeader("Allow", allow);
    onRefusal(error, requestId);
    sendError(response, error, requestId);
    lingeringClose(socket, clock, lingerMs);
  };

  server.on("clientError", (fault: Error & { code?: string }, socket: Socket) => {
    // The parser reports every further piece of what it has given up.
    if (refused.has(socket)) return;
    refused.add(socket);
    // A probe of the port, or a browser's connection in reserve, that sent nothing: there is no request to answer.
    if (goneClients.has(fault.code ?? "") || !socket.writable || socket.bytesRead === 0)
      return void socket.destroy();
    const error = new ServiceError(parserErrors[fault.code ?? ""] ?? "malformed_request", {
      cause: fault,
    });
    const open = [...(exchanges.get(socket) ?? [])];
    const last = open.at(-1);
    if (last === undefined) return answer(socket, error);
    if (last.request.complete) {
      // Pipelined behind requests that are still being answered: it has to wait for its turn.
      let waiting = open.length;
      for (const { response } of open)
        response.once("close", () => {
          if (--waiting === 0) answer(socket, error);
        });
      return;
    }
    if (last.response.headersSent) return void socket.destroy();
    refuse(last, error);
  });

  /** The body of a request that the application has taken is broken. */
  const refuse = ({ request, response }: Exchange, error: ServiceError) => {
    const requestId = String((request as { id?: unknown }).id ?? newId());
    const { locals } = response as Response;
    if (locals !== undefined) locals.errorCode = error.code;
    onRefusal(error, requestId);
    const { socket } = request;
    response.setHeader("Connection", "close");
    socket.destroySoon = () => lingeringClose(socket, clock, lingerMs);
    sendError(response, error, requestId);
  };

  // Node would close the connection without a word.
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    socket.on("error", () => socket.destroy());
    answer(socket, new ServiceError("method_not_allowed"), "");
  });
}
