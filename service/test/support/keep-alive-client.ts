import { connect } from "node:net";
import type { Socket } from "node:net";

/** What a client saw of one request. */
export interface Answer {
  /** 0 if the connection broke or could not be made. */
  readonly status: number;
  readonly retryAfter: boolean;
  /** The error's code, in an answer that is none of 200 to 299; or why there was no answer. */
  readonly code?: string;
}

interface Waiting {
  readonly request: Buffer;
  resolve(answer: Answer): void;
}

interface Connection {
  readonly socket: Socket;
  current: Waiting | undefined;
  /** Bytes of the answer that came so far. */
  received: Buffer | undefined;
}

const headEnd = "\r\n\r\n";

/**
 * An HTTP client that costs little: requests encoded beforehand, over raw sockets that are kept alive, one request at a
 * time on each. It tries nothing twice, so that what a service or proxy breaks is seen.
 */
export class KeepAliveClient {
  private readonly idle: Connection[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly open = new Set<Connection>();

  constructor(
    private readonly options: {
      readonly port: number;
      /** Beyond, requests wait here. @default 2,000 */
      readonly maxConnections?: number;
    },
  ) {}

  /** Sends a whole request, encoded. Always resolves. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      const waiting = { request, resolve };
      const connection = this.idle.pop();
      if (connection !== undefined) this.start(connection, waiting);
      else if (this.open.size < (this.options.maxConnections ?? 2_000))
        this.start(this.connect(), waiting);
      else this.waiting.push(waiting);
    });
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.open.size;
  }

  close(): void {
    for (const { socket } of this.open) socket.destroy();
  }

  private connect(): Connection {
    const socket = connect({ port: this.options.port, host: "127.0.0.1", noDelay: true });
    const connection: Connection = { socket, current: undefined, received: undefined };
    this.open.add(connection);
    let failure = "closed without an answer";
    socket.on("data", (chunk) => this.receive(connection, chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message));
    socket.on("end", () => this.forget(connection));
    socket.on("close", () => {
      this.forget(connection);
      connection.current?.resolve({ status: 0, retryAfter: false, code: failure });
      connection.current = undefined;
    });
    return connection;
  }

  private start(connection: Connection, waiting: Waiting): void {
    connection.current = waiting;
    connection.socket.write(waiting.request);
  }

  /** Takes a connection out of use; what it still carries may be answered. */
  private forget(connection: Connection): void {
    if (!this.open.delete(connection)) return;
    const index = this.idle.indexOf(connection);
    if (index >= 0) this.idle.splice(index, 1);
    const next = this.waiting.shift();
    if (next !== undefined) this.start(this.connect(), next);
  }

  private receive(connection: Connection, chunk: Buffer): void {
    const received =
      connection.received === undefined ? chunk : Buffer.concat([connection.received, chunk]);
    connection.received = received;
    const end = received.indexOf(headEnd);
    if (end < 0) return;
    const head = received.toString("latin1", 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const status = Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    if (length === undefined && status !== 204)
      throw new Error(`an answer without Content-Length:\n${head}`);
    const bodyAt = end + headEnd.length;
    if (received.length < bodyAt + Number(length ?? 0)) return;

    const current = connection.current;
    connection.current = undefined;
    connection.received = undefined;
    if (/\r\nconnection: *close/i.test(head)) {
      this.forget(connection);
      connection.socket.end();
    } else if (this.open.has(connection)) {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(connection);
      else this.start(connection, next);
    }
    const failed = status < 200 || status > 299;
    const code = failed
      ? /"code": *"(\w+)"/.exec(received.toString("latin1", bodyAt))?.[1]
      : undefined;
    current?.resolve({
      status,
      retryAfter: failed && /\r\nretry-after: *\d/i.test(head),
      ...(code !== undefined && { code }),
    });
  }
}

/** A POST of JSON as it goes over the wire. */
export function encodePost(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const json = Buffer.from(JSON.stringify(body));
  const lines = Object.entries({
    Host: "127.0.0.1",
    "Content-Type": "application/json",
    "Content-Length": String(json.length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), json]);
}
