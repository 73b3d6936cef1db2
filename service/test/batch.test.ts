import {
  analyzeResponse,
  batchResponse,
  deadlineHeader,
  errorResponse,
  errors,
  historyResponse,
  labels,
  maxBatchBodyBytes,
  maxBatchTexts,
  maxBatchesAtOnce,
  maxTextCharacters,
  paths,
  servedModel,
} from "@berth/contract";
import type { ErrorCode } from "@berth/contract";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";
import { until } from "./support/until";

let app: AppUnderTest;
const restart = appForEachTest((started) => ({ app } = started));

function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  return fetch(app.url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
}

const batch = (texts: unknown, headers?: Record<string, string>, signal?: AbortSignal) =>
  post(paths.analyzeBatch, { texts }, headers, signal);

async function results(response: Response) {
  expect(response.status).toBe(200);
  return batchResponse.parse(await response.json()).results;
}

/** Each result in a word: its number of tokens, or the code of its error. */
const inAWord = (all: Awaited<ReturnType<typeof results>>) =>
  all.map((one) => ("error" in one ? one.error.code : one.tokens.total));

async function expectError(response: Response, code: ErrorCode) {
  const { error } = errorResponse.parse(await response.json());
  expect([error.code, response.status]).toEqual([code, errors[code].status]);
  expect(response.headers.has("Retry-After")).toBe(errors[code].retry === "later");
  return error;
}

const metric = async (series: string) => {
  const text = await (await fetch(app.url + paths.metrics)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.split(" ")[1],
  );
};

const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");

describe("POST /api/analyze/batch", () => {
  it("answers every text, in the order of the texts, and records each", async () => {
    const texts = Array.from({ length: 40 }, (_, i) => words(1 + ((i * 7) % 11)));
    const answers = await results(await batch(texts));
    expect(inAWord(answers)).toEqual(texts.map((text) => text.split(" ").length + 2));
    for (const answer of answers) expect(analyzeResponse.safeParse(answer).success).toBe(true);
    const page = historyResponse.parse(
      await (await fetch(`${app.url}${paths.history}?limit=100`)).json(),
    );
    const recorded = new Map(page.entries.map(({ id, text }) => [id, text]));
    expect(answers.map((one) => recorded.get((one as { id: string }).id))).toEqual(texts);
  });

  it(`takes ${maxBatchTexts} texts, and fails on one more and on none`, async () => {
    expect(await results(await batch(Array(maxBatchTexts).fill("a")))).toHaveLength(maxBatchTexts);
    await expectError(await batch(Array(maxBatchTexts + 1).fill("a")), "invalid_request");
    await expectError(await batch([]), "invalid_request");
  });

  it("loses no answer to another text's failure", async () => {
    const answers = await results(await batch(["a b", "", "c", "<br>\u0000", "d e f"]));
    expect(inAWord(answers)).toEqual([4, "text_empty", 3, "text_empty", 5]);
    expect(answers[1]).toEqual({
      error: {
        code: "text_empty",
        message: errors.text_empty.message,
        details: [expect.objectContaining({ path: "text" })],
      },
    });
  });

  it.each<[string, unknown]>([
    ["no texts", {}],
    ["a text that is no string", { texts: ["a", 7] }],
    ["texts that are no list", { texts: "a" }],
    ["an unknown field", { texts: ["a"], lang: "en" }],
    ["a text over the limit", { texts: ["a", "x".repeat(maxTextCharacters + 1)] }],
  ])("fails as a whole on %s, before any work", async (_what, body) => {
    await expectError(await post(paths.analyzeBatch, body), "invalid_request");
    expect(app.runtime.batches).toEqual([]);
  });

  it("takes a body up to its own limit, and fails on a byte more", async () => {
    const body = (bytes: number) => `{"texts": ["a"]}`.padEnd(bytes);
    expect((await post(paths.analyzeBatch, body(maxBatchBodyBytes))).status).toBe(200);
    await expectError(
      await post(paths.analyzeBatch, body(maxBatchBodyBytes + 1)),
      "body_too_large",
    );
    // The limit of a single request is lower.
    await expectError(await post(paths.analyze, body(maxBatchBodyBytes)), "body_too_large");
  });

  it("fails as a whole with not_ready while there is no model", async () => {
    app.ready = false;
    await expectError(await batch(["a"]), "not_ready");
  });

  it("fails as a whole with queue_full when as many batches as may be are in work, and serves those", async () => {
    await restart({}, {}, { bulkLimit: maxBatchesAtOnce });
    app.runtime.hold = true;
    const accepted = Array.from({ length: maxBatchesAtOnce }, () => batch(["a"]));
    await until(() => app.runtime.running.length + app.queue.bulkDepth === maxBatchesAtOnce);
    await expectError(await batch(["a"]), "queue_full");
    app.runtime.release();
    for (const response of await Promise.all(accepted))
      expect(inAWord(await results(response))).toEqual([3]);
    expect((await batch(["a"])).status).toBe(200);
  });

  it("counts each text as a prediction of the bulk lane, and each error by its code", async () => {
    const label = `predictions_total{label="${labels.at(-1)}",model_version="${servedModel.version}"}`;
    const series = [
      label,
      'prediction_latency_seconds_count{lane="bulk"}',
      'prediction_latency_seconds_count{lane="interactive"}',
      'prediction_stage_seconds_count{stage="infer"}',
      "prediction_confidence_count",
      "prediction_tokens_count",
      'requests_refused_total{code="text_empty"}',
    ];
    const before = await Promise.all(series.map(metric));
    await batch(["a", "b", "", "c"]);
    const after = await Promise.all(series.map(metric));
    expect(after.map((value, i) => value - before[i]!)).toEqual([3, 3, 0, 3, 3, 3, 1]);
  });

  it("answers by the caller's deadline, with an error for each text that could not be", async () => {
    app.runtime.hold = true;
    const response = batch(Array(7).fill("a"), { [deadlineHeader]: "300" });
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth === 2);
    app.runtime.finish();
    app.runtime.finish();
    // Two more run, and are still running when the answer comes.
    const late = Array(5).fill("deadline_exceeded");
    expect(inAWord(await results(await response))).toEqual([3, 3, ...late]);
    expect(app.runtime.running.length).toBe(2);
    app.runtime.release();
    // What was answered with an error is not in the history either.
    expect(await metric("prediction_confidence_count")).toBe(2);
    await expectError(await batch(["a"], { [deadlineHeader]: "soon" }), "invalid_request");
  });

  it("tries a text once more when its inference process dies, and fails that text alone when it dies again", async () => {
    app.runtime.hold = true;
    const response = batch(["a", "b c d e f g h"]);
    await until(() => app.runtime.running.length === 2);
    app.runtime.die(3);
    await until(() => app.runtime.batches.length === 3);
    app.runtime.die(9);
    await until(() => app.runtime.batches.length === 4);
    app.runtime.die(9);
    app.runtime.release();
    expect(inAWord(await results(await response))).toEqual([3, "inference_failed"]);
  });

  it("is dropped before inference when its client leaves, and leaves its places to others", async () => {
    app.runtime.hold = true;
    const client = new AbortController();
    const left = batch(Array(20).fill("a b c"), {}, client.signal).catch(() => "left");
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth > 0);
    client.abort();
    expect(await left).toBe("left");
    await until(() => app.queue.bulkDepth === 0);
    app.runtime.release();
    const before = app.runtime.batches.flat().length;
    expect(await results(await batch(Array(8).fill("a")))).toHaveLength(8);
    expect(app.runtime.batches.flat().length).toBe(before + 8);
    // Nobody is there to be refused to.
    const text = await (await fetch(app.url + paths.metrics)).text();
    expect(text.match(/^requests_refused_total.* [1-9]/gm)).toBeNull();
  });

  it("gives its places back when its client leaves while the history is behind", async () => {
    let catchUp = () => {};
    const letHistoryCatchUp = () => new Promise<void>((resolve) => (catchUp = resolve));
    await restart({}, {}, { bulkLimit: 1, letHistoryCatchUp });
    const client = new AbortController();
    const waiting = jest.spyOn(app.queue, "place");
    const left = batch(["a", "b"], {}, client.signal).catch(() => "left");
    await until(() => waiting.mock.calls.length === 2);
    client.abort();
    expect(await left).toBe("left");
    await until(() => waiting.mock.calls[0]![0]!.aborted);
    catchUp();
    let answered = false;
    const next = batch(["c"]).finally(() => (answered = true));
    await until(() => {
      catchUp();
      return answered;
    });
    expect(inAWord(await results(await next))).toEqual([3]);
  });

  it("lets single requests go before", async () => {
    app.runtime.hold = true;
    const bulk = batch(Array(12).fill("a b c d e f"));
    await until(() => app.runtime.running.length === 2 && app.queue.bulkDepth > 0);
    const single = post(paths.analyze, { text: "a" });
    await until(() => app.queue.depth === 1);
    app.runtime.finish();
    await until(() => app.runtime.batches.length === 3);
    expect(app.runtime.batches[2]).toEqual([3]);
    app.runtime.release();
    expect([(await single).status, (await bulk).status]).toEqual([200, 200]);
  });

  describe("under the rate limit", () => {
    const from = (address: string) => ({ "X-Forwarded-For": address });
    const limits = { TRUSTED_PROXIES: 1, RATE_LIMIT_PER_SECOND: 1, RATE_LIMIT_BURST: 4 };
    beforeEach(() => restart(limits));

    it("costs a token a text, as single requests do", async () => {
      const client = from("203.0.113.1");
      expect((await batch(["a", "b", "c"], client)).status).toBe(200);
      expect((await post(paths.analyze, { text: "a" }, client)).status).toBe(200);
      await expectError(await post(paths.analyze, { text: "a" }, client), "rate_limited");
    });

    it("fails as a whole when there are too few tokens, with the time until there are enough", async () => {
      const client = from("203.0.113.2");
      expect((await batch(["a", "b"], client)).status).toBe(200);
      const refused = await batch(["a", "b", "c"], client);
      expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThanOrEqual(2);
      await expectError(refused, "rate_limited");
      expect(app.runtime.batches.flat()).toHaveLength(2);
    });

    it("takes a batch above the burst from a full bucket only, and the rest in advance", async () => {
      const client = from("203.0.113.3");
      expect((await batch(Array(40).fill("a"), client)).status).toBe(200);
      const refused = await post(paths.analyze, { text: "a" }, client);
      expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThanOrEqual(36);
      await expectError(refused, "rate_limited");
      const other = from("203.0.113.4");
      expect((await batch(["a"], other)).status).toBe(200);
      await expectError(await batch(Array(40).fill("a"), other), "rate_limited");
    });

    it("leaves loopback alone", async () => {
      expect((await batch(Array(40).fill("a"))).status).toBe(200);
      expect((await batch(Array(40).fill("a"))).status).toBe(200);
    });
  });
});
