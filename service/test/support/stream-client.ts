import { once } from "node:events";
import { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { paths, streamResponseLine } from "@berth/contract";
import type { StreamRequestLine, StreamResponseLine } from "@berth/contract";

/** A client of `POST /api/analyze/stream`, which sends and reads independently. */
export class StreamClient {
  private readonly answers: AsyncIterator<string>;

  private constructor(
    readonly request: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    this.answers = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  /** Opens a stream; resolves once the service has begun its answer. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<StreamClient> {
    const opened = request(url + paths.analyzeStream, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson", ...headers },
    });
    // A stream that is cut off is told by what does not come.
    opened.on("error", () => {});
    opened.flushHeaders();
    const [response] = (await once(opened, "response")) as [IncomingMessage];
    response.on("error", () => {});
    return new StreamClient(opened, response);
  }

  /** Sends bytes as they are. @returns whether there is room for more */
  write(bytes: string | Buffer): boolean {
    return this.request.write(bytes);
  }

  send(...lines: StreamRequestLine[]): void {
    for (const line of lines) this.write(`${JSON.stringify(line)}\n`);
  }

  end(): void {
    this.request.end();
  }

  /** The client goes away. */
  leave(): void {
    this.request.destroy();
  }

  /** The next answer, held against the contract; undefined at the end. */
  async next(): Promise<StreamResponseLine | undefined> {
    const { done, value } = await this.answers.next();
    return done === true ? undefined : streamResponseLine.parse(JSON.parse(value));
  }

  /** All answers that are still to come. */
  async rest(): Promise<StreamResponseLine[]> {
    const lines: StreamResponseLine[] = [];
    for (;;) {
      const line = await this.next();
      if (line === undefined) return lines;
      lines.push(line);
    }
  }
}

/** Sends lines and ends. @returns every answer */
export async function stream(
  url: string,
  lines: readonly (StreamRequestLine | string | Buffer)[],
  headers: Record<string, string> = {},
): Promise<StreamResponseLine[]> {
  const client = await StreamClient.open(url, headers);
  for (const line of lines)
    if (typeof line === "string" || Buffer.isBuffer(line)) client.write(line);
    else client.send(line);
  client.end();
  return client.rest();
}
