import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A GetObject that came in. */
export interface S3Request {
  readonly key: string;
  /** First byte that is asked for. */
  readonly from: number;
  readonly ifMatch: string | undefined;
  /** How many there were before it. */
  readonly earlier: number;
}

/** What goes wrong with one answer. `after` counts bytes of its body. */
export type S3Fault =
  | { readonly kind: "status"; readonly status: number; readonly code?: string }
  | { readonly kind: "cut"; readonly after: number }
  | { readonly kind: "stall"; readonly after: number }
  /** Not even headers come. */
  | { readonly kind: "silence" }
  | { readonly kind: "slow"; readonly bytes: number; readonly everyMs: number }
  /** Content-Length says so. */
  | { readonly kind: "length"; readonly bytes: number }
  /** Ranges are not known: the whole comes. */
  | { readonly kind: "no range" }
  /** `If-Match` is not known. */
  | { readonly kind: "no condition" }
  | { readonly kind: "no etag" }
  | { readonly kind: "no etag cut"; readonly after: number };

/** An S3 endpoint that answers GetObject as S3 does, path style, and misbehaves when told to. */
export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  readonly requests: S3Request[] = [];
  /** Says what goes wrong with an answer. */
  fault: (request: S3Request) => S3Fault | undefined = () => undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://s3").pathname);
      const one = {
        key: path.split("/").slice(2).join("/"),
        from: Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0),
        ifMatch: request.headers["if-match"],
        earlier: this.requests.length,
      };
      this.requests.push(one);
      this.answer(one, response);
    });
  }

  /** Keys in the order in which they were asked for. */
  get keys(): string[] {
    return this.requests.map(({ key }) => key);
  }

  static etag(bytes: Uint8Array): string {
    return `"${createHash("md5").update(bytes).digest("hex")}"`;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: S3Request, response: ServerResponse): void {
    const fault = this.fault(request);
    const whole = this.objects.get(request.key);
    if (fault?.kind === "silence") return;
    if (fault?.kind === "status") return refuse(response, fault.status, fault.code ?? "Refused");
    if (whole === undefined) return refuse(response, 404, "NoSuchKey");
    const etag = FakeS3.etag(whole);
    const { ifMatch } = request;
    if (ifMatch !== undefined && ifMatch !== etag && fault?.kind !== "no condition")
      return refuse(response, 412, "PreconditionFailed");
    const from = fault?.kind === "no range" ? 0 : request.from;
    if (from > 0 && from >= whole.length) return refuse(response, 416, "InvalidRange");
    const body = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      "Content-Length": fault?.kind === "length" ? fault.bytes : body.length,
      ...(from > 0 && {
        "Content-Range": `bytes ${from}-${whole.length - 1}/${whole.length}`,
      }),
      ...(!fault?.kind.startsWith("no etag") && { ETag: etag }),
    });
    send(response, body, fault);
  }
}

function send(response: ServerResponse, body: Buffer, fault: S3Fault | undefined): void {
  switch (fault?.kind) {
    case "cut":
    case "no etag cut":
      response.write(body.subarray(0, fault.after), () => response.destroy());
      return;
    case "stall":
      response.write(body.subarray(0, fault.after));
      return;
    case "length":
      response.write(body.subarray(0, fault.bytes), () => response.destroy());
      return;
    case "slow": {
      let at = 0;
      const timer = setInterval(() => {
        response.write(body.subarray(at, (at += fault.bytes)));
        if (at < body.length) return;
        clearInterval(timer);
        response.end();
      }, fault.everyMs);
      response.on("close", () => clearInterval(timer));
      return;
    }
    default:
      response.end(body);
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
}
