import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  analyzeResponse,
  deadlineHeader,
  errorResponse,
  errors,
  historyPage,
  latencyBudget,
  maxBodyBytes,
  paths,
} from "@berth/contract";
import type { ErrorCode } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const json = { "Content-Type": "application/json" };

let history: LevelHistoryStore;
let app: AppUnderTest;

beforeAll(async () => {
  history = await LevelHistoryStore.open(newFolder());
  app = await startApp(history);
});
afterAll(async () => {
  await app.close();
  await history.close();
});

const send = (body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(app.url + paths.analyze, {
    method: "POST",
    headers: { ...json, ...headers },
    body: body as never,
  });

/** An answer's error; small, whatever was sent. */
async function refusal(response: Response, code: ErrorCode) {
  const body = await response.text();
  const { error } = errorResponse.parse(JSON.parse(body));
  expect([error.code, response.status]).toEqual([code, errors[code].status]);
  expect(body.length).toBeLessThan(8_000);
  return error;
}

describe("a body that is compressed", () => {
  const packers = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const;

  it.each(packers)("is taken in %s", async (encoding, pack) => {
    const response = await send(pack('{"text": "one two"}'), { "Content-Encoding": encoding });
    expect(response.status).toBe(200);
  });

  it.each(packers)("fails in %s when it unfolds beyond the limit", async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(50_000_000, 0x20));
    expect(bomb.length).toBeLessThan(maxBodyBytes);
    await refusal(await send(bomb, { "Content-Encoding": encoding }), "body_too_large");
  });

  it.each(packers)("is taken in %s when it unfolds to the limit", async (encoding, pack) => {
    const body = '{"text": "one two"}'.padEnd(maxBodyBytes, " ");
    expect((await send(pack(body), { "Content-Encoding": encoding })).status).toBe(200);
  });

  it("fails when it is none", async () => {
    await refusal(await send("plain", { "Content-Encoding": "gzip" }), "invalid_request");
  });

  it.each(["gzip, gzip", "zstd", "compress", "x"])("fails in %s", async (encoding) => {
    const error = await refusal(
      await send("x", { "Content-Encoding": encoding }),
      "unsupported_media_type",
    );
    expect(error.details[0]!.message).toContain("gzip");
  });
});

describe("JSON that is hostile", () => {
  const keys = (count: number) =>
    `{${Array.from({ length: count }, (_, i) => `"${i.toString(36)}":0`).join()}}`;

  it.each<[string, string, ErrorCode]>([
    ["100,000 nested arrays", "[".repeat(100_000) + "]".repeat(100_000), "body_too_large"],
    ["nested arrays within the limit", "[".repeat(60_000) + "]".repeat(60_000), "invalid_request"],
    ["nested arrays that never close", "[".repeat(maxBodyBytes), "invalid_json"],
    [
      "nested objects within the limit",
      '{"text":'.repeat(12_000) + "0" + "}".repeat(12_000),
      "invalid_request",
    ],
    ["100,000 keys", keys(100_000), "body_too_large"],
    ["as many keys as fit", keys(14_000), "invalid_request"],
    ["a key given twice", '{"text": "a", "text": "b"}', "invalid_request"],
    ["a key given twice, once escaped", '{"text": "a", "te\\u0078t": "b"}', "invalid_request"],
    ["a huge number", `{"text": ${"9".repeat(100_000)}}`, "invalid_request"],
    ["a number beyond all", '{"text": 1e999999}', "invalid_request"],
    ["__proto__", '{"text": "a", "__proto__": {"x": 1}}', "invalid_request"],
    ["__proto__ as the text", '{"__proto__": {"text": "a"}}', "invalid_request"],
    ["constructor", '{"text": "a", "constructor": {"prototype": {"x": 1}}}', "invalid_request"],
    ["a text with toString of its own", '{"text": {"toString": "a"}}', "invalid_request"],
    ["a MongoDB operator", '{"text": {"$ne": null}}', "invalid_request"],
    ["a MongoDB operator beside the text", '{"text": "a", "$where": "1"}', "invalid_request"],
    ["NaN", '{"text": NaN}', "invalid_json"],
    ["a comment", '{"text": "a" /* b */}', "invalid_json"],
    ["something behind it", '{"text": "a"} {}', "invalid_json"],
    ["a control character in a string", '{"text": "a\u0001"}', "invalid_json"],
    ["nothing", "", "invalid_json"],
  ])("fails for %s", async (_what, body, code) => {
    await refusal(await send(body), code);
  });

  it("is told from JSON that only looks like it", async () => {
    for (const body of [
      '{"text": "{\\"text\\": \\"a\\", \\"text\\": 1}"}',
      '{"text": "a\\\\\\"\\\\"}',
      '\ufeff{"text": "a"}',
      '{"te\\u0078t": "\\u0022: \\u0022"}',
      ' {\t"text"\n:\r"__proto__ constructor $where" } ',
    ])
      expect((await send(body)).status).toBe(200);
  });

  it.each<[string, Buffer]>([
    ["a byte that is no UTF-8", Buffer.from([0xff])],
    ["an overlong form", Buffer.from([0xc0, 0xaf])],
    ["a surrogate as UTF-8", Buffer.from([0xed, 0xa0, 0x80])],
    ["a character that was cut", Buffer.from([0xe2, 0x82])],
    ["UTF-16", Buffer.from("a", "utf16le")],
  ])("fails for %s, rather than store something else", async (_what, bytes) => {
    const body = Buffer.concat([Buffer.from('{"text": "'), bytes, Buffer.from('"}')]);
    await refusal(await send(body), "invalid_json");
  });

  it.each([
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; x=y",
    "application/jsonx",
    "text/json",
    "application/x-www-form-urlencoded",
  ])("fails for the content type %s", async (type) => {
    await refusal(await send('{"text": "a"}', { "Content-Type": type }), "unsupported_media_type");
  });

  it.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("takes the content type %s", async (type) => {
    expect((await send('{"text": "a"}', { "Content-Type": type })).status).toBe(200);
  });
});

describe("addresses that are hostile", () => {
  it.each([
    "limit=0x10",
    "limit=1e1",
    "limit=%205",
    "limit=5%20",
    "limit=%2B5",
    "limit=5.0",
    "limit=05",
    "limit=-1",
    "limit=",
    "limit=Infinity",
    "limit=%D9%A5",
    `limit=${historyPage.max + 1}`,
    `limit=${"9".repeat(400)}`,
    "limit[]=5",
    "limit[$gt]=5",
    "label[$ne]=World",
    "label=%7B%22$ne%22:1%7D",
    "cursor[$gt]=",
    "cursor=%7B%22$gt%22:%22%22%7D",
    "__proto__=1",
    "__proto__[limit]=5",
    "constructor=1",
    "$where=1",
    "limit=5&limit=6",
  ])("fail with invalid_request for the query %s", async (query) => {
    await refusal(await fetch(`${app.url}${paths.history}?${query}`), "invalid_request");
  });

  it.each(["1", "5", "100"])("take limit=%s", async (limit) => {
    expect((await fetch(`${app.url}${paths.history}?limit=${limit}`)).status).toBe(200);
  });

  it.each([
    "%7B%22$gt%22%3A%22%22%7D",
    "__proto__",
    "constructor",
    "%00",
    "%F0%9F%92%A9",
    "a%2Fb",
    "x".repeat(9_000),
  ])("fail with invalid_request for the id %s", async (id) => {
    for (const method of ["GET", "DELETE"])
      await refusal(await fetch(`${app.url}${paths.history}/${id}`, { method }), "invalid_request");
  });
});

describe(`the header ${deadlineHeader}`, () => {
  const analyze = (deadline: string) => send('{"text": "a"}', { [deadlineHeader]: deadline });

  it.each(["0", "-1", "1.5", "1e3", "0x10", "+5", "05", "5ms", "soon", "", "5, 6", "١"])(
    "fails with invalid_request as %j",
    async (deadline) => {
      const header = Buffer.from(deadline).toString("latin1");
      const { details } = await refusal(await analyze(header), "invalid_request");
      expect(details[0]!.path).toBe(deadlineHeader);
    },
  );

  it.each([String(latencyBudget.requestDeadlineMs), "5001", "9".repeat(300)])(
    "is taken as %s",
    async (deadline) => {
      const response = await analyze(deadline);
      expect(response.status).toBe(200);
      analyzeResponse.parse(await response.json());
    },
  );

  it("refuses with deadline_exceeded what is not answered by then, while others wait on", async () => {
    app.runtime.hold = true;
    const waiting = [analyze("5000"), analyze("5000")];
    while (app.runtime.running.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await refusal(await analyze("60"), "deadline_exceeded");
    app.runtime.hold = false;
    app.runtime.finish();
    app.runtime.finish();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

it("names at most 20 faults, each cut, however many there are", async () => {
  const many = Array.from({ length: 200 }, () => "1").join();
  const response = await fetch(app.url + paths.analyzeBatch, {
    method: "POST",
    headers: json,
    body: `{"texts": [${many}], "${"x".repeat(5_000)}": 1}`,
  });
  const { details } = await refusal(response, "invalid_request");
  expect(details).toHaveLength(20);
  for (const { message } of details) expect(message.length).toBeLessThanOrEqual(200);
});
