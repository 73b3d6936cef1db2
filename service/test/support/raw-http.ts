import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client that sends whatever bytes it is told to. */
export class RawClient {
  received = "";
  /** What broke the connection, if it did not end in order. */
  fault: Error | undefined;
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.setEncoding("latin1");
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (text: string) => {
      this.received += text;
      for (const look of this.waiting) look();
    });
    socket.on("error", (error) => (this.fault = error));
  }

  /** @param goOn keeps sending when the server has ended its side */
  static async open(url: string, { goOn = false } = {}): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, "connect");
    const client = new RawClient(socket);
    if (!goOn) socket.once("end", () => socket.end());
    return client;
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Waits until what was received matches. @throws if the connection is closed before */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.received)) {
      const arrived = new Promise<boolean>((resolve) => {
        const look = () => {
          this.waiting.delete(look);
          resolve(true);
        };
        this.waiting.add(look);
      });
      const open = await Promise.race([arrived, this.closed.then(() => false)]);
      if (!open && !pattern.test(this.received))
        throw new Error(`closed before ${pattern}: ${JSON.stringify(this.received)}`);
    }
  }

  /** What was received so far, as answers; a body has the length that its header says. */
  answers(): RawAnswer[] {
    const answers: RawAnswer[] = [];
    for (let rest = this.received; rest !== "";) {
      const end = rest.indexOf("\r\n\r\n");
      const [line, ...fields] = rest.slice(0, end).split("\r\n");
      const headers = new Map(
        fields.map((field) => {
          const colon = field.indexOf(":");
          return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
        }),
      );
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(line!);
      if (end < 0 || status === null) throw new Error(`no answer: ${JSON.stringify(rest)}`);
      const length = Number(headers.get("content-length") ?? 0);
      answers.push({
        status: Number(status[1]),
        headers,
        body: Buffer.from(rest.slice(end + 4, end + 4 + length), "latin1").toString("utf8"),
      });
      rest = rest.slice(end + 4 + length);
    }
    return answers;
  }
}

/** Sends bytes, waits until the connection is closed, and gives back all answers. */
export async function exchange(url: string, bytes: string | Buffer): Promise<RawAnswer[]> {
  const client = await RawClient.open(url);
  client.send(bytes);
  await client.closed;
  return client.answers();
}
