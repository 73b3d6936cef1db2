import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** What happens between a client and its server. */
export type Fault =
  | { readonly kind: "none" }
  /** Nobody listens: connections are refused, those that stand are reset. */
  | { readonly kind: "away" }
  /** Connections are taken and nothing passes; what was sent arrives once the fault ends, if both still want it. */
  | { readonly kind: "blackHole" }
  /** Each connection is reset once the server sent so many bytes over it. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** What the server sends arrives later. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /** A connection over which the client sent `marker` carries no answer any more: the request is served, and nobody told. */
  | { readonly kind: "dropAnswers"; readonly marker: string };

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  serverBytes: number;
  dropping: boolean;
}

/** A TCP proxy that makes faults on purpose. */
export class FaultProxy {
  private fault: Fault = { kind: "none" };
  private readonly links = new Set<Link>();
  private listener: Server | undefined;
  private knownPort = 0;
  /** Connections taken so far. */
  accepted = 0;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  static async start(target: {
    readonly host: string;
    readonly port: number;
  }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.knownPort;
  }

  /** From now on, for connections that stand and those to come. */
  async set(fault: Fault): Promise<void> {
    this.fault = fault;
    if (fault.kind === "away") {
      this.resetAll();
      this.listener?.close();
      this.listener = undefined;
      return;
    }
    for (const link of this.links) this.hold(link);
    if (this.listener === undefined) await this.listen();
  }

  close(): void {
    this.resetAll();
    this.listener?.close();
  }

  private async listen(): Promise<void> {
    this.listener = createServer((client) => this.accept(client));
    this.listener.listen(this.knownPort, "127.0.0.1");
    await once(this.listener, "listening");
    this.knownPort = (this.listener.address() as AddressInfo).port;
  }

  private accept(client: Socket): void {
    this.accepted++;
    const server = connect(this.target);
    const link: Link = { client, server, serverBytes: 0, dropping: false };
    this.links.add(link);
    this.hold(link);
    for (const socket of [client, server]) socket.setNoDelay(true);
    client.on("data", (chunk) => {
      if (this.fault.kind === "dropAnswers" && chunk.includes(this.fault.marker))
        link.dropping = true;
      server.write(chunk);
    });
    server.on("data", (chunk) => this.answer(link, chunk));
    const end = () => {
      this.links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("error", () => {}).on("close", end);
  }

  private answer(link: Link, chunk: Buffer): void {
    const { fault } = this;
    if (link.dropping) return;
    if (fault.kind === "delay") {
      setTimeout(() => link.client.writable && link.client.write(chunk), fault.delayMs);
      return;
    }
    if (fault.kind !== "reset") {
      link.client.write(chunk);
      return;
    }
    const left = fault.afterBytes - link.serverBytes;
    link.serverBytes += chunk.length;
    if (chunk.length <= left) link.client.write(chunk);
    else
      link.client.write(chunk.subarray(0, Math.max(0, left)), () => link.client.resetAndDestroy());
  }

  private hold({ client, server }: Link): void {
    for (const socket of [client, server])
      if (this.fault.kind === "blackHole") socket.pause();
      else socket.resume();
  }

  private resetAll(): void {
    for (const { client, server } of this.links) {
      client.resetAndDestroy();
      server.destroy();
    }
  }
}
