import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An S3 endpoint that answers GetObject as S3 does, path style, and misbehaves when told to. */
export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  /** Keys in the order in which they were asked for. */
  readonly requests: string[] = [];
  /** Breaks the connection after that many bytes of a body. */
  cutAfter: number | undefined;
  /** Sends only that many bytes of a body, and then nothing; 0: not even headers. */
  stallAfter: number | undefined;
  /** Answers with this status instead. */
  status: number | undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const key = decodeURIComponent(new URL(request.url!, "http://s3").pathname)
        .split("/")
        .slice(2)
        .join("/");
      this.requests.push(key);
      const body = this.objects.get(key);
      if (this.status !== undefined || body === undefined) {
        const code = this.status === undefined ? "NoSuchKey" : "Refused";
        response.writeHead(this.status ?? 404, { "Content-Type": "application/xml" });
        response.end(
          `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
        );
        return;
      }
      if (this.stallAfter === 0) return;
      response.writeHead(200, { "Content-Length": body.length, ETag: '"1"' });
      if (this.stallAfter !== undefined) response.write(body.subarray(0, this.stallAfter));
      else if (this.cutAfter === undefined || body.length <= this.cutAfter) response.end(body);
      else response.write(body.subarray(0, this.cutAfter), () => response.destroy());
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
