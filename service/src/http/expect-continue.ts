import type { IncomingMessage, Server, ServerResponse } from "node:http";

/**
 * Lets the application decide on requests with the header `Expect` before their bodies are sent.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
 */
export function leaveExpectationsToApp(server: Server): void {
  // Node would ask for every body at once, and answer other expectations itself, without a body.
  for (const event of ["checkContinue", "checkExpectation"] as const)
    server.on(event, (request: IncomingMessage, response: ServerResponse) =>
      server.emit("request", request, response),
    );
}

/** Whether the client waits to be asked for its body. */
export function waitsToSend(request: IncomingMessage): boolean {
  return expectation(request) === "100-continue";
}

/** Whether the client expects what does not exist. */
export function expectsUnknown(request: IncomingMessage): boolean {
  const expected = expectation(request);
  return expected !== undefined && expected !== "100-continue";
}

/** Tells a client that waits for it to send its body. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (waitsToSend(request)) response.writeContinue();
}

/** HTTP/1.0 knows no expectations. */
function expectation({ headers, httpVersion }: IncomingMessage): string | undefined {
  return httpVersion === "1.1" ? headers.expect?.toLowerCase() : undefined;
}
