import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const traceId = z.string().regex(/^(?!0{32})[0-9a-f]{32}$/);
const spanId = z.string().regex(/^(?!0{16})[0-9a-f]{16}$/);
const unixNano = z.string().regex(/^\d{19}$/);

const attributes = z
  .array(
    z.strictObject({
      key: z.string().min(1),
      value: z.union([
        z.strictObject({ stringValue: z.string() }),
        z.strictObject({ intValue: z.union([z.int(), z.string().regex(/^-?\d+$/)]) }),
        z.strictObject({ doubleValue: z.number() }),
        z.strictObject({ boolValue: z.boolean() }),
      ]),
    }),
  )
  .transform((list) =>
    Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]!])),
  );

const span = z.strictObject({
  traceId,
  spanId,
  parentSpanId: spanId.optional(),
  traceState: z.string().optional(),
  flags: z.int().optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: unixNano,
  endTimeUnixNano: unixNano,
  attributes,
  droppedAttributesCount: z.literal(0),
  events: z.array(z.never()),
  droppedEventsCount: z.literal(0),
  links: z.array(z.looseObject({ traceId, spanId })),
  droppedLinksCount: z.literal(0),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }),
});

/** @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
const exportRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes, droppedAttributesCount: z.literal(0) }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(span),
        }),
      ),
    }),
  ),
});

/** A span as it came to the collector. */
export type CollectedSpan = z.output<typeof span> & {
  readonly resource: Readonly<Record<string, string | number | boolean>>;
};

/** A collector of OTLP over HTTP, which takes only what fits the protocol, and misbehaves when told to. */
export class FakeCollector {
  readonly spans: CollectedSpan[] = [];
  /** What was wrong with what came. */
  readonly faults: string[] = [];
  exports = 0;
  /** Answers with this status, and takes nothing. */
  status: number | undefined;
  /** Takes requests and never answers. */
  hang = false;
  private waiting: { isThere: () => boolean; resolve: () => void }[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.exports++;
        if (!this.hang)
          this.answer(`${request.method} ${request.url}`, Buffer.concat(chunks), response);
        for (const one of this.waiting.filter(({ isThere }) => isThere())) one.resolve();
      });
    });
  }

  private answer(line: string, body: Buffer, response: ServerResponse): void {
    if (this.status !== undefined) return void response.writeHead(this.status).end();
    const parsed = exportRequest.safeParse(JSON.parse(body.toString()));
    if (line !== "POST /v1/traces") this.faults.push(line);
    if (!parsed.success) this.faults.push(z.prettifyError(parsed.error));
    if (line !== "POST /v1/traces" || !parsed.success) return void response.writeHead(400).end();
    for (const { resource, scopeSpans } of parsed.data.resourceSpans)
      for (const { spans } of scopeSpans)
        for (const one of spans) this.spans.push({ ...one, resource: resource.attributes });
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Waits until something holds of what came. */
  until(isThere: () => boolean): Promise<void> {
    if (isThere()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ isThere, resolve }));
  }

  /** The spans of that name. */
  named(name: string): CollectedSpan[] {
    return this.spans.filter((one) => one.name === name);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
