import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import {
  analyzeResponse,
  endpointErrors,
  endpoints,
  errorResponse,
  errors,
  historyEntry as historyEntrySchema,
  historyResponse,
  labels,
  maxBodyBytes,
  maxTextCharacters,
  modelResponse,
  paths,
  servedModel,
} from "@berth/contract";
import type { ErrorCode } from "@berth/contract";
import type { LevelHistoryStore } from "../src/adapters/level-history-store";
import { InferenceProcessError } from "../src/ports/inference-runtime";
import { HistoryUnavailableError } from "../src/ports/history-store";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";
import { historyEntry } from "./support/history-entry";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const json = { "Content-Type": "application/json" };

let app: AppUnderTest;
let history: LevelHistoryStore;
const restart = appForEachTest((started) => ({ app, history } = started));

function analyze(text: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return post(JSON.stringify({ text }), headers);
}

function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(app.url + paths.analyze, { method: "POST", headers: { ...json, ...headers }, body });
}

/** Holds an answer against the error table. */
async function expectError(response: Response, code: ErrorCode) {
  const { error } = errorResponse.parse(await response.json());
  expect({ code: error.code, status: response.status, message: error.message }).toEqual({
    code,
    status: errors[code].status,
    message: errors[code].message,
  });
  expect(response.headers.has("Retry-After")).toBe(errors[code].retry === "later");
  expect(error.requestId).toBe(response.headers.get("X-Request-Id"));
  return error;
}

describe("POST /api/analyze", () => {
  it("answers with the label, sorted scores, the model and five timings, and records it", async () => {
    const response = await analyze("one two three");
    expect(response.status).toBe(200);
    const answer = analyzeResponse.parse(await response.json());
    expect(answer.label).toBe(labels.at(-1));
    expect(answer.scores.map(({ label }) => label)).toEqual([...labels].reverse());
    expect(answer.confidence).toBe(answer.scores[0]!.score);
    expect(answer.scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
    expect(answer).toMatchObject({ truncated: false, tokens: { total: 5, used: 5 } });

    const stored = await fetch(`${app.url}${paths.history}/${answer.id}`);
    expect(historyEntrySchema.parse(await stored.json())).toMatchObject({
      ...answer,
      text: "one two three",
    });
  });

  it("says that a text was cut, and how much of it the model saw", async () => {
    const answer = analyzeResponse.parse(await (await analyze("word ".repeat(50))).json());
    expect(answer).toMatchObject({ truncated: true, tokens: { total: 52, used: 16 } });
  });

  it("takes the longest text that is allowed, escaped in the longest way", async () => {
    const body = `{"text": "${"\\u0041".repeat(maxTextCharacters)}"}`;
    expect((await post(body)).status).toBe(200);
  });

  it.each<[string, () => Promise<Response>, ErrorCode]>([
    ["malformed JSON", () => post('{"text":'), "invalid_json"],
    ["no text", () => post("{}"), "invalid_request"],
    ["a text that is no string", () => analyze(7), "invalid_request"],
    ["an unknown field", () => post('{"text": "a", "lang": "en"}'), "invalid_request"],
    ["a body that is no object", () => post("[]"), "invalid_request"],
    ["null", () => post("null"), "invalid_request"],
    ["an empty text", () => analyze(""), "text_empty"],
    [
      "a text that is empty after cleaning",
      () => analyze(" <br><script>x</script>\u0000"),
      "text_empty",
    ],
    ["a text over the limit", () => analyze("x".repeat(maxTextCharacters + 1)), "text_too_long"],
    ["a body over the limit", () => post(" ".repeat(maxBodyBytes + 1)), "body_too_large"],
    [
      "another content type",
      () => analyze("a", { "Content-Type": "text/plain" }),
      "unsupported_media_type",
    ],
    [
      "another charset",
      () => analyze("a", { "Content-Type": "application/json; charset=iso-8859-1" }),
      "unsupported_media_type",
    ],
    [
      "an unknown encoding",
      () => analyze("a", { "Content-Encoding": "zip" }),
      "unsupported_media_type",
    ],
  ])("fails on %s", async (_what, send, code) => {
    await expectError(await send(), code);
  });

  it("names every fault of a request", async () => {
    const { details } = await expectError(await post('{"text": 1, "a": 2}'), "invalid_request");
    expect(details).toEqual([
      { path: "text", message: expect.stringContaining("expected string") },
      { path: "", message: expect.stringContaining('"a"') },
    ]);
  });

  it("says how long a text is and how long it may be", async () => {
    const { details } = await expectError(await analyze("x".repeat(20_001)), "text_too_long");
    expect(details[0]!.message).toBe("has 20001 UTF-16 code units; at most 20000 are taken");
  });

  it("fails with not_ready while there is no model", async () => {
    app.ready = false;
    await expectError(await analyze("a"), "not_ready");
  });

  it("fails with inference_failed when the model process dies", async () => {
    app.runtime.error = new InferenceProcessError("died");
    await expectError(await analyze("a"), "inference_failed");
    app.runtime.error = undefined;
    expect((await analyze("a")).status).toBe(200);
  });

  it("fails with queue_full beyond the queue's bound, and serves those that wait", async () => {
    app.runtime.hold = true;
    const accepted = Array.from({ length: 6 }, () => analyze("a b c"));
    while (app.runtime.running.length < 2 || app.queue.depth < 4)
      await new Promise((resolve) => setImmediate(resolve));
    await expectError(await analyze("a"), "queue_full");
    app.runtime.hold = false;
    app.runtime.finish();
    app.runtime.finish();
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual(Array(6).fill(200));
  });

  it("fails with internal on a fault that nobody foresaw, without telling its inside", async () => {
    app.runtime.error = new TypeError("secret inside");
    const error = await expectError(await analyze("a"), "internal");
    expect(JSON.stringify(error)).not.toContain("secret");
    expect(app.logged.join()).toContain("secret inside");
  });

  it("limits other clients than those on this machine", async () => {
    await restart({ TRUSTED_PROXIES: 1 });
    const from = (address: string) => analyze("a", { "X-Forwarded-For": address });
    expect([(await from("203.0.113.9")).status, (await from("203.0.113.9")).status]).toEqual([
      200, 200,
    ]);
    await expectError(await from("203.0.113.9"), "rate_limited");
    expect((await from("203.0.113.10")).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await analyze("a")).status).toBe(200);
  });

  it("fails to believe X-Forwarded-For where no proxy is trusted", async () => {
    for (let i = 0; i < 5; i++)
      expect((await analyze("a", { "X-Forwarded-For": "203.0.113.9" })).status).toBe(200);
  });

  it("never writes a client's text into the log", async () => {
    await analyze("my private sentence");
    await post('{"text": "my private sentence');
    await post('{"text": "my private sentence", "x": 1}');
    expect(app.logged).toHaveLength(3);
    expect(app.logged.join()).not.toContain("private");
  });
});

describe("the history", () => {
  it("lists pages, newest first, and one label", async () => {
    await history.save(Array.from({ length: 5 }, (_, i) => historyEntry(String(i), labels[i % 2])));
    const page = async (query: string) =>
      historyResponse.parse(await (await fetch(`${app.url}${paths.history}?${query}`)).json());
    const first = await page("limit=2");
    expect(first.entries.map((entry) => entry.text)).toEqual(["4", "3"]);
    const second = await page(`limit=2&cursor=${first.nextCursor}`);
    expect(second.entries.map((entry) => entry.text)).toEqual(["2", "1"]);
    const labelled = await page(`label=${encodeURIComponent(labels[1])}`);
    expect(labelled.entries.map((entry) => entry.text)).toEqual(["3", "1"]);
  });

  it.each([
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=1&limit=2",
    "cursor=x",
    "label=Nonsense",
    "page=2",
  ])("fails on the query %s", async (query) => {
    await expectError(await fetch(`${app.url}${paths.history}?${query}`), "invalid_request");
  });

  it("deletes an entry once", async () => {
    const entry = historyEntry();
    await history.save([entry]);
    const url = `${app.url}${paths.history}/${entry.id}`;
    expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
    await expectError(await fetch(url, { method: "DELETE" }), "history_entry_not_found");
    await expectError(await fetch(url), "history_entry_not_found");
  });

  it("fails on an id that is none", async () => {
    await expectError(await fetch(`${app.url}${paths.history}/%7B%7D`), "invalid_request");
    await expectError(await fetch(`${app.url}${paths.history}/%E0%A4%A`), "invalid_request");
  });

  it("fails with history_unavailable while the store is away, and analyses go on", async () => {
    jest.spyOn(history, "list").mockRejectedValue(new HistoryUnavailableError("away"));
    jest.spyOn(history, "save").mockRejectedValue(new HistoryUnavailableError("away"));
    await expectError(await fetch(app.url + paths.history), "history_unavailable");
    expect((await analyze("a")).status).toBe(200);
  });
});

describe("other addresses", () => {
  it("describe the model that is served", async () => {
    const model = modelResponse.parse(await (await fetch(app.url + paths.model)).json());
    expect(model).toMatchObject({ name: servedModel.name, labels: [...labels], maxTextCharacters });
  });

  it("tell alive from ready", async () => {
    app.ready = false;
    expect((await fetch(app.url + paths.healthz)).status).toBe(200);
    await expectError(await fetch(app.url + paths.readyz), "not_ready");
    app.ready = true;
    expect((await fetch(app.url + paths.readyz)).status).toBe(200);
    jest.spyOn(app.runtime, "ready").mockReturnValue(0);
    await expectError(await fetch(app.url + paths.readyz), "not_ready");
  });

  it("fail with not_found where there is nothing, and method_not_allowed where the method is wrong", async () => {
    await expectError(await fetch(`${app.url}/api/nothing`), "not_found");
    await expectError(await fetch(`${app.url}/`), "not_found");
    const response = await fetch(app.url + paths.analyze, { method: "PUT" });
    expect(response.headers.get("Allow")).toBe("POST");
    await expectError(response, "method_not_allowed");
  });

  it("answer a HEAD for what can be read", async () => {
    expect((await fetch(app.url + paths.healthz, { method: "HEAD" })).status).toBe(200);
  });

  it("carry the caller's request id, and a new one for what is none", async () => {
    const id = async (given: string) =>
      (await fetch(app.url + paths.healthz, { headers: { "X-Request-Id": given } })).headers.get(
        "X-Request-Id",
      );
    expect(await id("trace-1.a_B")).toBe("trace-1.a_B");
    expect(await id("x".repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id('{"a":1}')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("forbid what the page does not need", async () => {
    const { headers } = await fetch(app.url + paths.healthz);
    expect(headers.get("Content-Security-Policy")).toMatch(/^default-src 'none';(?!.*unsafe)/);
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.has("X-Powered-By")).toBe(false);
    expect(headers.has("Access-Control-Allow-Origin")).toBe(false);
  });

  it("close their connections while the service stops", async () => {
    expect((await fetch(app.url + paths.healthz)).headers.get("Connection")).toBe("keep-alive");
    app.stopping = true;
    expect((await fetch(app.url + paths.healthz)).headers.get("Connection")).toBe("close");
  });

  it("fail on what is not HTTP, and go on serving", async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(app.url).port), "127.0.0.1", () =>
        socket.end("not http\r\n\r\n"),
      );
      let text = "";
      socket.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect((await fetch(app.url + paths.healthz)).status).toBe(200);
  });
});

describe("GET /openapi.json", () => {
  it("describes every endpoint of the contract, with every status that its errors have", async () => {
    const document = (await (await fetch(app.url + paths.openapi)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    for (const endpoint of Object.values(endpoints)) {
      const responses = document.paths[endpoint.path]![endpoint.method]!.responses;
      const codes = endpointErrors(endpoint).filter((code) => code !== "unauthorized");
      const statuses = [endpoint.status, ...codes.map((code) => errors[code].status)];
      expect(Object.keys(responses).sort()).toEqual([...new Set(statuses.map(String))].sort());
    }
  });
});

describe("the page", () => {
  let folder: string;

  beforeEach(async () => {
    folder = newFolder();
    mkdirSync(join(folder, "assets"));
    writeFileSync(join(folder, "index.html"), "<title>Berth</title>");
    writeFileSync(join(folder, "assets", "main-1a2b.js"), "1");
    await restart({ WEB_DIR: folder });
  });

  it("is served for its own addresses, never from a cache", async () => {
    for (const path of ["/", "/history", "/index.html"]) {
      const response = await fetch(app.url + path, { headers: { Accept: "text/html" } });
      expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-cache"]);
      expect(await response.text()).toContain("Berth");
    }
  });

  it("has its hashed files cached for ever, and no page in place of one that is missing", async () => {
    const found = await fetch(`${app.url}/assets/main-1a2b.js`);
    expect(found.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    const missing = await fetch(`${app.url}/assets/old.js`, { headers: { Accept: "text/html" } });
    await expectError(missing, "not_found");
  });

  it("fails to give out a file beside its folder", async () => {
    writeFileSync(join(folder, "..", "berth-secret.txt"), "secret");
    for (const path of ["/..%2fberth-secret.txt", "/assets/..%2f..%2fberth-secret.txt"])
      expect(await (await fetch(app.url + path)).text()).not.toContain("secret");
  });

  it("does not stand in for the API, for files, or for who does not ask for a page", async () => {
    for (const [path, accept] of [
      ["/api", "text/html"],
      ["/API/nothing", "text/html"],
      ["/favicon.ico", "text/html"],
      ["/healthzz", "*/*"],
    ] as const)
      await expectError(await fetch(app.url + path, { headers: { Accept: accept } }), "not_found");
    await expectError(await fetch(`${app.url}/assets/x`, { method: "POST" }), "not_found");
    await expectError(
      await fetch(`${app.url}/api/nothing`, { headers: { Accept: "text/html" } }),
      "not_found",
    );
  });
});
