import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import pMap from "p-map";
import { errorResponse, errors, maxBodyBytes, paths } from "@berth/contract";
import type { ErrorCode } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { RawClient, exchange } from "./support/raw-http";
import type { RawAnswer } from "./support/raw-http";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
/** Short, so that nothing waits for long; each test that a client is too slow has one with a client that is not. */
const patience = { headersMs: 1_000, bodyTimeoutMs: 1_000, lingerMs: 600 };

let history: LevelHistoryStore;
let app: AppUnderTest;

beforeEach(async () => {
  history = await LevelHistoryStore.open(newFolder());
  app = await startApp(history, {}, patience);
});
afterEach(async () => {
  await app.close();
  await history.close();
});

const host = "Host: berth\r\n";
const json = "Content-Type: application/json\r\n";
const body = '{"text": "one two"}';
const analysis = `POST ${paths.analyze} HTTP/1.1\r\n${host}${json}Content-Length: ${body.length}\r\n\r\n${body}`;
const health = `GET ${paths.healthz} HTTP/1.1\r\n${host}\r\n`;
const lastHealth = `GET ${paths.healthz} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;

function expectRefusal({ status, headers, body }: RawAnswer, code: ErrorCode) {
  const { error } = errorResponse.parse(JSON.parse(body));
  expect({ status, code: error.code, message: error.message }).toEqual({
    status: errors[code].status,
    code,
    message: errors[code].message,
  });
  expect(headers.get("connection")).toBe("close");
  expect(headers.get("x-request-id")).toBe(error.requestId);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.has("retry-after")).toBe(errors[code].retry === "later");
}

async function refusals(): Promise<Record<string, number>> {
  const text = await (await fetch(app.url + paths.metrics)).text();
  const found = text.matchAll(/^requests_refused_total\{code="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(
    [...found].map((one) => [one[1]!, Number(one[2])] as const).filter(([, count]) => count > 0),
  );
}

const expectServing = async () =>
  expect((await exchange(app.url, lastHealth)).map(({ status }) => status)).toEqual([200]);

describe("what is no HTTP request", () => {
  const headers = (fields: string) => `GET ${paths.healthz} HTTP/1.1\r\n${fields}\r\n`;

  it.each<[string, string, ErrorCode]>([
    ["a line that is none", "not http\r\n\r\n", "malformed_request"],
    ["bytes of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "malformed_request"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed_request"],
    [
      "a method that nobody knows",
      `BREW ${paths.healthz} HTTP/1.1\r\n${host}\r\n`,
      "malformed_request",
    ],
    ["a space in a header's name", headers(`${host}Bad Name: x\r\n`), "malformed_request"],
    ["NUL in a header", headers(`${host}X: a\0b\r\n`), "malformed_request"],
    ["a folded header", headers(`${host}X: a\r\n b\r\n`), "malformed_request"],
    ["no host", headers(""), "malformed_request"],
    ["two hosts", headers(`${host}${host}`), "malformed_request"],
    ["a length that is no number", headers(`${host}Content-Length: 1e1\r\n`), "malformed_request"],
    [
      "a length and chunks, as smuggled requests have",
      headers(`${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`),
      "malformed_request",
    ],
    [
      "a coding after chunked",
      headers(`${host}Transfer-Encoding: chunked, gzip\r\n`),
      "malformed_request",
    ],
    [
      "headers that are too large",
      headers(`${host}X: ${"x".repeat(20_000)}\r\n`),
      "headers_too_large",
    ],
    [
      "an address that is too long",
      `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
      "headers_too_large",
    ],
    [
      "a chunk whose size is no number",
      `POST ${paths.analyze} HTTP/1.1\r\n${host}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      "malformed_request",
    ],
    [
      "chunk extensions without end",
      `POST ${paths.analyze} HTTP/1.1\r\n${host}${json}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(20_000)}`,
      "body_too_large",
    ],
    ["CONNECT", `CONNECT example.org:443 HTTP/1.1\r\n${host}\r\n`, "method_not_allowed"],
    [
      "an expectation that does not exist",
      headers(`${host}Expect: tea\r\nConnection: close\r\n`),
      "expectation_failed",
    ],
  ])("fails as the error table says, counted once, for %s", async (_what, bytes, code) => {
    const client = await RawClient.open(app.url);
    client.send(bytes);
    await client.until(/"requestId":"[^"]+"\}\}$/);
    client.socket.end();
    await client.closed;
    const answers = client.answers();
    expect(answers).toHaveLength(1);
    expectRefusal(answers[0]!, code);
    expect(await refusals()).toEqual({ [code]: 1 });
    await expectServing();
  });

  it("is told from one that is: the same client, with a request, gets its answer", async () => {
    const [answer] = await exchange(app.url, lastHealth);
    expect([answer!.status, answer!.body]).toEqual([200, '{"status":"ok"}']);
    expect(await refusals()).toEqual({});
  });

  it("names for CONNECT that no method is taken there", async () => {
    const [answer] = await exchange(app.url, `CONNECT example.org:443 HTTP/1.1\r\n${host}\r\n`);
    expect(answer!.headers.get("allow")).toBe("");
  });

  it("counts nothing for a connection that is opened and never used", async () => {
    const client = await RawClient.open(app.url);
    await client.closed;
    expect(client.received).toBe("");
    expect(await refusals()).toEqual({});
  });

  it("does not take over an answer that is still to come: the earlier request is answered first", async () => {
    app.runtime.hold = true;
    const client = await RawClient.open(app.url);
    client.send(analysis + "not http\r\n\r\n");
    while (app.runtime.running.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(client.received).toBe("");
    app.runtime.finish();
    await client.closed;
    const answers = client.answers();
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    expectRefusal(answers[1]!, "malformed_request");
    expect(await refusals()).toEqual({ malformed_request: 1 });
  });

  it("is answered with no 5xx, whichever bytes of a request are changed, and others are served", async () => {
    const bytes = fc.record({
      at: fc.nat(analysis.length - 1),
      to: fc.oneof(fc.nat(255), fc.constantFrom(0, 9, 10, 13, 32, 58)),
    });
    const changed = fc.array(bytes, { minLength: 1, maxLength: 4 }).map((changes) => {
      const request = Buffer.from(analysis, "latin1");
      for (const { at, to } of changes) request[at] = to;
      return request;
    });
    const requests = fc.sample(changed, { numRuns: 1_000, seed: 1 });
    const statuses = new Map<number, number>();
    await pMap(
      requests,
      async (request) => {
        const client = await RawClient.open(app.url);
        client.send(request);
        client.socket.end();
        await client.closed;
        for (const { status } of client.answers())
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      },
      { concurrency: 20 },
    );
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    expect(statuses.get(400)).toBeGreaterThan(100);
    // Some changes do no harm.
    expect(statuses.get(200)).toBeGreaterThan(10);
    await expectServing();
  });

  it("ignores Upgrade, as a server may that offers nothing to upgrade to", async () => {
    const answers = await exchange(
      app.url,
      `GET ${paths.healthz} HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n`,
    );
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });
});

describe("an answer that has begun", () => {
  it("is cut where its request turns out to be malformed, and no other answer is written into it", async () => {
    const line = '{"text": "one two"}\n';
    const client = await RawClient.open(app.url);
    client.send(
      `POST ${paths.analyzeStream} HTTP/1.1\r\n${host}Content-Type: application/x-ndjson\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n${line.length.toString(16)}\r\n${line}\r\n`,
    );
    await client.until(/"label"/);
    client.send("zz\r\n");
    await client.closed;
    expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(client.received).not.toMatch(/0\r\n\r\n$/);
    await expectServing();
  });
});

describe("Expect: 100-continue", () => {
  const head = (fields: string) =>
    `POST ${paths.analyze} HTTP/1.1\r\n${host}Expect: 100-continue\r\n${fields}\r\n`;

  it("asks for the body of a request that is taken so far", async () => {
    const client = await RawClient.open(app.url);
    client.send(head(`${json}Content-Length: ${body.length}\r\nConnection: close\r\n`));
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.send(body);
    await client.closed;
    expect(client.answers().map(({ status }) => status)).toEqual([100, 200]);
  });

  it.each<[string, string, ErrorCode]>([
    [
      "its media type",
      `Content-Type: text/plain\r\nContent-Length: 5\r\n`,
      "unsupported_media_type",
    ],
    ["its length", `${json}Content-Length: ${maxBodyBytes + 1}\r\n`, "body_too_large"],
  ])(
    "fails without the body where the headers show what is wrong: %s",
    async (_what, fields, code) => {
      const [answer, ...more] = await exchange(app.url, head(fields));
      expectRefusal(answer!, code);
      expect(more).toEqual([]);
    },
  );
});

describe("slow clients", () => {
  /** Sends a piece, waits, and so on. */
  async function trickle(client: RawClient, pieces: readonly string[], pauseMs: number) {
    for (const piece of pieces) {
      if (client.socket.destroyed || !client.socket.writable) return;
      client.send(piece);
      await delay(pauseMs);
    }
  }

  it("fail with request_timeout when headers take too long, and others are served meanwhile", async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.open(app.url)));
    for (const client of clients)
      void trickle(client, ["GET / HTTP/1.1\r\n", ...Array<string>(50).fill("X: y\r\n")], 100);
    await expectServing();
    await Promise.all(clients.map((client) => client.closed));
    for (const client of clients) expectRefusal(client.answers()[0]!, "request_timeout");
    expect(await refusals()).toEqual({ request_timeout: 200 });
  });

  it("fail with request_timeout when the body takes too long, and others are served meanwhile", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.open(app.url)));
    for (const client of clients)
      void trickle(client, [analysis.slice(0, -body.length), ...body.split("")], 100);
    await expectServing();
    await Promise.all(clients.map((client) => client.closed));
    for (const client of clients) expectRefusal(client.answers()[0]!, "request_timeout");
    expect(await refusals()).toEqual({ request_timeout: 50 });
  });

  it("are served while they keep within the limits", async () => {
    const client = await RawClient.open(app.url);
    await trickle(client, [analysis.slice(0, 30), analysis.slice(30, -9)], 100);
    client.send(analysis.slice(-9) + lastHealth);
    await client.closed;
    expect(client.answers().map(({ status }) => status)).toEqual([200, 200]);
    expect(await refusals()).toEqual({});
  });

  it("hold no connection with a body that nobody reads", async () => {
    const head = (line: string, fields = "") =>
      `${line} HTTP/1.1\r\n${host}${fields}Content-Length: 10\r\n\r\n`;
    const bodies = [
      [head(`GET ${paths.healthz}`), 200],
      [head(`POST ${paths.healthz}`), 405],
      [head(`POST ${paths.analyze}`, "Content-Type: text/plain\r\n"), 415],
    ] as const;
    for (const [bytes, status] of bodies) {
      const [answer] = await exchange(app.url, bytes + "12345");
      expect(answer!.status).toBe(status);
    }
  });

  it("keep their connection when the body that nobody reads comes in time", async () => {
    const client = await RawClient.open(app.url);
    client.send(`GET ${paths.healthz} HTTP/1.1\r\n${host}Content-Length: 10\r\n\r\n12345`);
    await client.until(/"ok"/);
    await delay(50);
    client.send("67890" + lastHealth);
    await client.closed;
    expect(client.answers().map(({ status }) => status)).toEqual([200, 200]);
  });

  it("lose the connection when nothing moves while they are to read an answer", async () => {
    await app.close();
    app = await startApp(history, {}, { ...patience, stallMs: 300 });
    app.runtime.hold = true;
    const client = await RawClient.open(app.url);
    client.send(analysis);
    await client.closed;
    expect(client.received).toBe("");
  });
});

describe("a body that is too large", () => {
  const head = (fields: string) => `POST ${paths.analyze} HTTP/1.1\r\n${host}${json}${fields}\r\n`;

  it("fails before it is sent, by its length, and no reset takes the answer from a client that still sends", async () => {
    await app.close();
    app = await startApp(history, {}, { lingerMs: 10_000 });
    const client = await RawClient.open(app.url, { goOn: true });
    client.send(head("Content-Length: 50000000\r\n"));
    await client.until(/"requestId":"[^"]+"\}\}$/);
    for (let piece = 0; piece < 5; piece++) {
      await new Promise<unknown>((resolve) =>
        client.socket.write(Buffer.alloc(50_000, 0x20), resolve),
      );
      await delay(20);
    }
    expect(client.fault).toBeUndefined();
    client.socket.end();
    await client.closed;
    const answers = client.answers();
    expect(answers).toHaveLength(1);
    expectRefusal(answers[0]!, "body_too_large");
  });

  it("fails as soon as it is, in chunks without end", async () => {
    const client = await RawClient.open(app.url);
    client.send(head("Transfer-Encoding: chunked\r\n"));
    const chunk = `4000\r\n${" ".repeat(0x4000)}\r\n`;
    for (let sent = 0; sent <= maxBodyBytes; sent += 0x4000) client.send(chunk);
    await client.closed;
    expectRefusal(client.answers()[0]!, "body_too_large");
    expect(await refusals()).toEqual({ body_too_large: 1 });
  });

  it("leaves the connection open where its length is within the limit", async () => {
    const padded = body.padEnd(maxBodyBytes, " ");
    const client = await RawClient.open(app.url);
    client.send(head(`Content-Length: ${padded.length}\r\n`) + padded + lastHealth);
    await client.closed;
    expect(client.answers().map(({ status }) => status)).toEqual([200, 200]);
  });
});

it("keeps serving a client that pipelines", async () => {
  const answers = await exchange(app.url, health + analysis + lastHealth);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
});
