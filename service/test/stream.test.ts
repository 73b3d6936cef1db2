import {
  errorResponse,
  errors,
  historyResponse,
  labels,
  maxRefCharacters,
  maxStreamLineBytes,
  maxStreamsAtOnce,
  maxTextCharacters,
  paths,
  servedModel,
  streamWindowTexts,
} from "@berth/contract";
import type { ErrorCode, StreamResponseLine } from "@berth/contract";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";
import { StreamClient, stream } from "./support/stream-client";
import { until } from "./support/until";

let app: AppUnderTest;
const restart = appForEachTest((started) => ({ app } = started));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const metric = async (series: string) => {
  const text = await (await fetch(app.url + paths.metrics)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.split(" ")[1],
  );
};

/** Each answer in a word: its line, and its number of tokens or the code of its error. */
const inAWord = (lines: StreamResponseLine[]) =>
  lines.map((one) => [one.line, "error" in one ? one.error.code : one.tokens.total]);

const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(app.url + paths.analyzeStream, {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson", ...headers },
    body,
  });

async function expectError(response: Response, code: ErrorCode) {
  const { error } = errorResponse.parse(await response.json());
  expect([error.code, response.status]).toEqual([code, errors[code].status]);
  expect(response.headers.has("Retry-After")).toBe(errors[code].retry === "later");
}

const historyTexts = async () => {
  const page = await fetch(`${app.url}${paths.history}?limit=100`);
  return historyResponse.parse(await page.json()).entries.map(({ text }) => text);
};

describe("POST /api/analyze/stream", () => {
  it("answers every line in the order of the lines, with its number and its ref, and records it", async () => {
    const lines = Array.from({ length: 90 }, (_, i) => ({
      text: words(1 + ((i * 7) % 11)),
      ...(i % 2 === 0 && { ref: `row ${i}` }),
    }));
    const answers = await stream(app.url, lines);
    expect(inAWord(answers)).toEqual(
      lines.map(({ text }, i) => [i + 1, text.split(" ").length + 2]),
    );
    expect(answers.map(({ ref }) => ref)).toEqual(lines.map(({ ref }) => ref));
    expect((await historyTexts()).sort()).toEqual(lines.map(({ text }) => text).sort());
  });

  it("answers a line while the next is still to come", async () => {
    const client = await StreamClient.open(app.url);
    for (const text of ["a", "b c", "d e f"]) {
      client.send({ text });
      expect(await client.next()).toMatchObject({ tokens: { total: text.split(" ").length + 2 } });
    }
    client.end();
    expect(await client.rest()).toEqual([]);
  });

  it("skips blank lines but counts them, and takes a last line without an end", async () => {
    const answers = await stream(app.url, ['\n{"text":"a"}\r\n', " \t\r\n\n", '{"text":"b c"}']);
    expect(inAWord(answers)).toEqual([
      [2, 3],
      [5, 4],
    ]);
    expect(await stream(app.url, [])).toEqual([]);
    expect(await stream(app.url, ["\n\n\n"])).toEqual([]);
  });

  it.each<[string, string | Buffer, ErrorCode]>([
    ["malformed JSON", '{"text":', "invalid_json"],
    ["what is no UTF-8", Buffer.from('{"text":"\xff"}', "latin1"), "invalid_json"],
    ["no text", "{}", "invalid_request"],
    ["a text that is no string", '{"text":7}', "invalid_request"],
    ["an unknown field", '{"text":"a","lang":"en"}', "invalid_request"],
    [
      "a field that would reach the prototype",
      '{"text":"a","__proto__":{"x":1}}',
      "invalid_request",
    ],
    ["a field that is given twice", '{"text":"a","text":"b"}', "invalid_request"],
    ["a list", '[{"text":"a"}]', "invalid_request"],
    [
      "a ref that is too long",
      JSON.stringify({ text: "a", ref: "x".repeat(maxRefCharacters + 1) }),
      "invalid_request",
    ],
    ["an empty text", '{"text":""}', "text_empty"],
    [
      "a text over the limit",
      JSON.stringify({ text: "x".repeat(maxTextCharacters + 1) }),
      "text_too_long",
    ],
    ["a line over the limit", `{"text":"${" ".repeat(maxStreamLineBytes)}"}`, "text_too_long"],
  ])("fails for one line with %s, in its place, and goes on", async (_what, line, code) => {
    const answers = await stream(app.url, ['{"text":"a"}\n', line, '\n{"text":"b c"}\n']);
    expect(inAWord(answers)).toEqual([
      [1, 3],
      [2, code],
      [3, 4],
    ]);
    expect(answers[1]).toMatchObject({ error: { message: errors[code].message } });
  });

  it("gives the ref back with an error, where it can be read", async () => {
    const answers = await stream(app.url, [
      '{"text":"","ref":"x"}\n',
      '{"ref":"y"}\n',
      '{"ref":7}',
    ]);
    expect(answers.map(({ ref }) => ref)).toEqual(["x", "y", undefined]);
  });

  it("takes the longest text, escaped in the longest way, with the longest ref", async () => {
    const escaped = (count: number) => "\\u0041".repeat(count);
    const line = `{"text":"${escaped(maxTextCharacters)}","ref":"${escaped(maxRefCharacters)}"}`;
    const [answer] = await stream(app.url, [line]);
    expect(answer).toMatchObject({
      line: 1,
      ref: "A".repeat(maxRefCharacters),
      tokens: { total: 3 },
    });
  });

  it("counts each line as a prediction of the bulk lane, and each error by its code", async () => {
    const series = [
      `predictions_total{label="${labels.at(-1)}",model_version="${servedModel.version}"}`,
      'prediction_latency_seconds_count{lane="bulk"}',
      'prediction_latency_seconds_count{lane="interactive"}',
      'prediction_stage_seconds_count{stage="infer"}',
      "prediction_confidence_count",
      "prediction_tokens_count",
      'requests_refused_total{code="invalid_json"}',
    ];
    const before = await Promise.all(series.map(metric));
    await stream(app.url, ['{"text":"a"}\n', "x\n\n", '{"text":"b"}\n']);
    const after = await Promise.all(series.map(metric));
    expect(after.map((value, i) => value - before[i]!)).toEqual([2, 2, 0, 2, 2, 2, 1]);
  });

  it.each<[string, () => Promise<Response>, ErrorCode]>([
    [
      "JSON for its type",
      () => post("", { "Content-Type": "application/json" }),
      "unsupported_media_type",
    ],
    ["a compressed body", () => post("", { "Content-Encoding": "gzip" }), "unsupported_media_type"],
    [
      "no model",
      () => {
        app.ready = false;
        return post("");
      },
      "not_ready",
    ],
    [
      "a service that stops",
      () => {
        app.stop();
        return post("");
      },
      "not_ready",
    ],
  ])("fails as a whole for %s", async (_what, send, code) => {
    await expectError(await send(), code);
  });

  it("fails as a whole with queue_full beyond as many streams as may be open, until one ends", async () => {
    const open = await Promise.all(
      Array.from({ length: maxStreamsAtOnce }, () => StreamClient.open(app.url)),
    );
    await expectError(await post('{"text":"a"}'), "queue_full");
    open[0]!.leave();
    await until(async () => (await post('{"text":"a"}')).status === 200);
    for (const client of open) client.leave();
  });
});

describe("a stream's work", () => {
  it("is bounded by the places of the bulk lane, and goes on as they come free", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    const count = 200;
    for (let i = 0; i < count; i++) client.send({ text: words(1 + (i % 5)) });
    client.end();
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    for (let i = 0; i < 100; i++) await turn();
    expect(app.runtime.running.length + app.queue.bulkDepth).toBe(4);
    app.runtime.release();
    expect((await client.rest()).map(({ line }) => line)).toEqual(
      Array.from({ length: count }, (_, i) => i + 1),
    );
  });

  it("is bounded by the window while its first line is not answered", async () => {
    await restart({}, {}, { bulkLimit: 1_000 });
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    for (let i = 0; i < streamWindowTexts * 3; i++) client.send({ text: "a" });
    const inWork = () =>
      app.runtime.running.flatMap(({ batch }) => batch).length + app.queue.bulkDepth;
    await until(() => inWork() === streamWindowTexts);
    for (let i = 0; i < 100; i++) await turn();
    expect(inWork()).toBe(streamWindowTexts);
    app.runtime.release();
    client.end();
    expect(await client.rest()).toHaveLength(streamWindowTexts * 3);
  });

  it("gives way to single requests", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    for (let i = 0; i < 50; i++) client.send({ text: "a b c d e f" });
    client.end();
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    const single = fetch(app.url + paths.analyze, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"text":"a"}',
    });
    await until(() => app.queue.depth === 1);
    app.runtime.finish();
    await until(() => app.runtime.batches.length === 3);
    expect(app.runtime.batches[2]).toEqual([3]);
    app.runtime.release();
    expect((await single).status).toBe(200);
    expect(await client.rest()).toHaveLength(50);
  });

  it("is tried once more when its inference process dies, and fails for that line alone when it dies again", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    client.send({ text: "a" }, { text: "b c d e f g h" });
    await until(() => app.runtime.running.length === 2);
    app.runtime.die(3);
    await until(() => app.runtime.batches.length === 3);
    app.runtime.die(9);
    await until(() => app.runtime.batches.length === 4);
    app.runtime.die(9);
    app.runtime.release();
    client.send({ text: "a b" });
    client.end();
    expect(inAWord(await client.rest())).toEqual([
      [1, 3],
      [2, "inference_failed"],
      [3, 4],
    ]);
  });

  it("ends when the client leaves, and leaves its places to others", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    for (let i = 0; i < 200; i++) client.send({ text: `left ${i}` });
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    client.leave();
    await until(() => app.queue.bulkDepth === 0);
    app.runtime.release();
    app.runtime.hold = true;
    // All four places are free again: two lines run, two wait.
    const next = await StreamClient.open(app.url);
    for (let i = 0; i < 10; i++) next.send({ text: "a" });
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    app.runtime.release();
    next.end();
    expect(await next.rest()).toHaveLength(10);
    expect(await historyTexts()).toEqual(Array(10).fill("a"));
    const text = await (await fetch(app.url + paths.metrics)).text();
    expect(text.match(/^requests_refused_total.* [1-9]/gm)).toBeNull();
  });

  it("fails with internal for one line on a fault that nobody foresaw, without telling its inside", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    client.send({ text: "a" });
    await until(() => app.runtime.running.length === 1);
    app.runtime.finish(new TypeError("secret inside"));
    app.runtime.release();
    client.send({ text: "b" });
    client.end();
    const answers = await client.rest();
    expect(inAWord(answers)).toEqual([
      [1, "internal"],
      [2, 3],
    ]);
    expect(JSON.stringify(answers)).not.toContain("secret");
    expect(app.logged.join()).toContain("secret inside");
  });
});

describe("a stream under the rate limit", () => {
  const from = (address: string) => ({ "X-Forwarded-For": address });
  const limits = { TRUSTED_PROXIES: 1, RATE_LIMIT_PER_SECOND: 20, RATE_LIMIT_BURST: 3 };

  it("waits for a token for each further line instead of being refused", async () => {
    await restart(limits);
    const client = await StreamClient.open(app.url, from("203.0.113.1"));
    for (let i = 0; i < 8; i++) client.send({ text: "a" });
    client.end();
    const startedAt = performance.now();
    const answers = await client.rest();
    expect(inAWord(answers)).toEqual(Array.from({ length: 8 }, (_, i) => [i + 1, 3]));
    // Three tokens were there; the other five come at 20 a second.
    expect(performance.now() - startedAt).toBeGreaterThan(4 * 50);
  });

  it("uses up what its client has for single requests too", async () => {
    await restart({ ...limits, RATE_LIMIT_PER_SECOND: 1 });
    const client = await StreamClient.open(app.url, from("203.0.113.2"));
    for (let i = 0; i < 4; i++) client.send({ text: "a" });
    for (let i = 0; i < 3; i++) await client.next();
    await expectError(await post("", from("203.0.113.2")), "rate_limited");
    expect((await post("", from("203.0.113.3"))).status).toBe(200);
    client.leave();
  });

  it("leaves loopback alone", async () => {
    await restart({ RATE_LIMIT_PER_SECOND: 1, RATE_LIMIT_BURST: 1 });
    expect(await stream(app.url, Array(50).fill({ text: "a" }))).toHaveLength(50);
  });
});

describe("a stream whose client is slow", () => {
  it("is ended with request_timeout and the line to go on from, when no line comes", async () => {
    await restart({}, { streamIdleMs: 200 });
    const client = await StreamClient.open(app.url);
    client.send({ text: "a" });
    client.write("\n");
    client.write('{"text": "never ends');
    expect(inAWord(await client.rest())).toEqual([
      [1, 3],
      [2, "request_timeout"],
    ]);
    await until(async () => (await metric('requests_refused_total{code="request_timeout"}')) === 1);
  });

  it("stays open while lines come, even blank ones", async () => {
    await restart({}, { streamIdleMs: 400 });
    const client = await StreamClient.open(app.url);
    const startedAt = performance.now();
    const beat = setInterval(() => client.write("\n"), 20);
    await until(() => performance.now() - startedAt > 1_000);
    clearInterval(beat);
    client.send({ text: "a" });
    expect(await client.next()).toMatchObject({ tokens: { total: 3 } });
    client.leave();
  });

  it("is cut off when it takes none of its answers, and its places are free", async () => {
    await restart({}, { streamIdleMs: 300 });
    const client = await StreamClient.open(app.url);
    client.response.pause();
    const closed = new Promise((resolve) => client.request.once("close", resolve));
    const line = `${JSON.stringify({ text: "a", ref: "x".repeat(maxRefCharacters) })}\n`.repeat(
      100,
    );
    let gone = false;
    void closed.then(() => (gone = true));
    while (!gone && client.write(line)) await turn();
    await closed;
    expect(await stream(app.url, Array(10).fill({ text: "a" }))).toHaveLength(10);
  }, 60_000);
});

describe("a stream when the service stops", () => {
  it("is answered as far as it was taken, ends with not_ready and the line to go on from, and loses nothing", async () => {
    app.runtime.hold = true;
    const texts = Array.from({ length: 100 }, (_, i) => `text number ${i}`);
    const client = await StreamClient.open(app.url);
    client.send(...texts.map((text) => ({ text })));
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    app.stop();
    app.runtime.release();
    const answers = await client.rest();
    const last = answers.pop()!;
    expect(last).toMatchObject({ error: { code: "not_ready" } });
    expect(answers.length).toBeGreaterThanOrEqual(4);
    expect(answers.length).toBeLessThan(texts.length);
    expect(last.line).toBe(answers.length + 1);

    await restart();
    await stream(
      app.url,
      texts.slice(last.line - 1).map((text) => ({ text })),
    );
    expect((await historyTexts()).sort()).toEqual([...texts].sort());
  });

  it("ends at once when it waits for lines", async () => {
    const client = await StreamClient.open(app.url);
    client.send({ text: "a" });
    expect(await client.next()).toMatchObject({ line: 1 });
    app.stop();
    expect(inAWord(await client.rest())).toEqual([[2, "not_ready"]]);
    expect(client.response.complete).toBe(true);
  });

  it("ends in time even when what it has in work is never answered, and says so", async () => {
    app.runtime.hold = true;
    const client = await StreamClient.open(app.url);
    client.send({ text: "a" }, { text: "b" });
    await until(() => app.runtime.running.length === 2);
    app.stop();
    expect(inAWord(await client.rest())).toEqual([[1, "not_ready"]]);
    expect(client.response.complete).toBe(true);
  }, 15_000);
});
