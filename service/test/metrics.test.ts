import { METHODS } from "node:http";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { errorCodes, labels, metrics, paths, servedModel, stages } from "@berth/contract";
import type { AnalyzeResponse, MetricKey } from "@berth/contract";
import { EventLoopDelay } from "../src/http/event-loop-delay";
import { ServiceMetrics } from "../src/http/service-metrics";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";
import { KeepAliveClient } from "./support/keep-alive-client";
import { RunningService } from "./support/running-service";
import { differences, moved, observed, parseScrape } from "./support/scrape";
import type { Observation, Series } from "./support/scrape";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(60_000);

const newFolder = temporaryFolders();

async function scrape(url: string): Promise<Series> {
  return parseScrape(await (await fetch(url + paths.metrics)).text());
}

/** Moves all the time, whatever is asked. */
const alwaysMoving = new RegExp(`^${metrics.eventLoopDelay.name}_`);

/** What the scrapes themselves move; each is counted when it has been answered. */
const ofScrapes = (name: string) => name.includes(`route="${paths.metrics}"`);

function ofRequests(changes: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...changes].filter(([name]) => !alwaysMoving.test(name) && !ofScrapes(name)));
}

function httpSeries(route: string, method: string, status: number): [string, number] {
  const series = `route="${route}",method="${method}",status="${status}"`;
  return [`${metrics.httpRequests.name}{${series}}`, 1];
}

function httpDuration(route: string, method: string): Observation {
  return { name: metrics.httpDuration.name, labels: `route="${route}",method="${method}"` };
}

describe("one request, to the service as it runs", () => {
  let service: RunningService;
  let url: string;

  beforeAll(async () => {
    service = RunningService.start({ DATA_DIR: newFolder() });
    await service.ready();
    url = await service.url();
  });
  afterAll(() => service.stop());

  /** Scrapes before, and after all that follows an answer has happened. */
  async function around<T>(
    ask: () => Promise<T>,
    isDone: (changes: ReadonlyMap<string, number>) => boolean,
  ) {
    const before = await scrape(url);
    const answer = await ask();
    for (;;) {
      const after = await scrape(url);
      const changes = moved(before, after);
      if (isDone(changes)) return { answer, after, changes: ofRequests(changes) };
    }
  }

  const stored = `${metrics.historyWrites.name}{outcome="stored"}`;

  function expectedOfAnalysis(
    { label, confidence, tokens, timingsMs, model }: AnalyzeResponse,
    after: Series,
    changes: ReadonlyMap<string, number>,
  ): Map<string, number> {
    const stage = (name: keyof typeof timingsMs): Observation => ({
      name: metrics.predictionStage.name,
      labels: `stage="${name}"`,
      value: timingsMs[name] / 1000,
    });
    const observations: Observation[] = [
      { name: metrics.predictionLatency.name, labels: 'lane="interactive"' },
      { name: metrics.predictionConfidence.name, value: confidence },
      { name: metrics.predictionTokens.name, value: tokens.used },
      { name: metrics.unknownTokenShare.name, value: 1 / (tokens.used - 2) },
      ...(["clean", "tokenize", "queue", "infer"] as const).map(stage),
      { name: metrics.predictionStage.name, labels: 'stage="history_save"' },
      { name: metrics.batchSize.name, value: 1 },
      { name: metrics.batchPadding.name, value: 0 },
      httpDuration(paths.analyze, "POST"),
    ];
    const bytes = changes.get(metrics.answerCacheBytes.name) ?? 0;
    expect(bytes).toBeGreaterThan(0);
    return new Map([
      ...observations.flatMap((one) => observed(after, changes, one)),
      httpSeries(paths.analyze, "POST", 200),
      [
        `${metrics.predictions.name}{label="${label}",model_version="${model.version}"}`,
        1,
      ] as const,
      [metrics.unknownTokens.name, 1] as const,
      [stored, 1] as const,
      [`${metrics.answerCacheLookups.name}{outcome="miss"}`, 1] as const,
      [metrics.answerCacheEntries.name, 1] as const,
      [metrics.answerCacheBytes.name, bytes] as const,
    ]);
  }

  it("moves every series of an analysis by exactly what it should, and no other", async () => {
    // The vocabulary has no rocket.
    const { answer, after, changes } = await around(
      () => service.label("Stocks fell sharply on Monday \u{1F680}"),
      (all) => all.get(stored) === 1,
    );
    const expected = expectedOfAnalysis(answer, after, changes);
    // What moved only adds up to this if nothing moved twice.
    expect(differences(changes, expected)).toEqual([]);
    const latency = changes.get(`${metrics.predictionLatency.name}_sum{lane="interactive"}`)!;
    expect(latency).toBeGreaterThanOrEqual(answer.timingsMs.total / 1000 - 1e-9);
    expect(latency).toBeLessThan(10);

    // A table that is wrong in any one place is noticed: a series too few, one too many, another amount.
    for (const name of expected.keys()) {
      const without = new Map([...expected].filter(([other]) => other !== name));
      if (expected.get(name) === 0) continue;
      expect(differences(changes, without)).toHaveLength(1);
      expect(
        differences(changes, new Map([...expected, [name, expected.get(name)! + 1]])),
      ).toHaveLength(1);
    }
    expect(differences(changes, new Map([...expected, ["another", 1]]))).toHaveLength(1);
  });

  it("moves the cache's series instead of the batch's for a text that comes again", async () => {
    const ask = () => service.label("The same text, twice.");
    const first = await around(ask, (all) => all.get(stored) === 1);
    const again = await around(ask, (all) => all.get(stored) === 1);
    const { changes } = again;
    expect(changes.get(`${metrics.answerCacheLookups.name}{outcome="hit"}`)).toBe(1);
    expect(changes.get(`${metrics.predictionTokens.name}_sum`)).toBe(again.answer.tokens.used);
    const batches = (of: Map<string, number>) =>
      [...of.keys()].filter((name) => name.startsWith("inference_")).length;
    expect([batches(first.changes) > 0, batches(changes)]).toEqual([true, 0]);
  });

  it("moves only the refusal's series when it is refused", async () => {
    const refused = `${metrics.requestsRefused.name}{code="text_empty"}`;
    const { after, changes } = await around(
      () => service.analyze("<p></p>"),
      (all) => all.get(refused) === 1,
    );
    const expected = new Map([
      ...observed(after, changes, httpDuration(paths.analyze, "POST")),
      httpSeries(paths.analyze, "POST", 422),
      [refused, 1] as const,
    ]);
    expect(differences(changes, expected)).toEqual([]);
  });

  it("moves nothing when nothing is asked but the metrics", async () => {
    const { changes } = await around(
      () => Promise.resolve(),
      () => true,
    );
    expect([...changes]).toEqual([]);
  });

  it("is measured against an event loop whose delay two scrapers read alike", async () => {
    const count = `${metrics.eventLoopDelay.name}_count`;
    const one = await scrape(url);
    const other = await scrape(url);
    expect(one.get(count)).toBeGreaterThan(0);
    for (const [name, value] of one)
      if (alwaysMoving.test(name)) expect(other.get(name)).toBeGreaterThanOrEqual(value);
    const before = new Map([...one].filter(([name]) => alwaysMoving.test(name)));
    expect(before.size).toBe(metrics.eventLoopDelay.buckets.length + 3);
  });
});

describe("the series", () => {
  it("all exist from the start, at zero", async () => {
    const series = parseScrape((await new ServiceMetrics().expose()).body);
    expect([...series].filter(([, value]) => value !== 0)).toEqual([]);
    for (const { name, type } of Object.values(metrics)) {
      const suffix = type === "histogram" ? "_count" : "";
      const found = [...series.keys()].filter((one) => one.split("{")[0] === name + suffix);
      expect([name, found.length > 0]).toEqual([name, true]);
    }
    const version = `model_version="${servedModel.version}"`;
    for (const wanted of [
      ...errorCodes.map((code) => `${metrics.requestsRefused.name}{code="${code}"}`),
      ...stages.map((stage) => `${metrics.predictionStage.name}_count{stage="${stage}"}`),
      ...labels.map((label) => `${metrics.predictions.name}{label="${label}",${version}}`),
      httpSeries(paths.analyze, "POST", 503)[0],
      httpSeries(paths.analyze, "POST", 499)[0],
      httpSeries(paths.historyEntry, "DELETE", 204)[0],
      httpSeries("other", "any", 404)[0],
    ])
      expect([wanted, series.has(wanted)]).toEqual([wanted, true]);
  });

  it("of another model than the bundled one exist from the start too", async () => {
    const model = { name: "other-model", version: "9.9.9", manifestSha256: "f".repeat(64) };
    const { body } = await new ServiceMetrics(model).expose();
    expect(body).toContain('predictions_total{label="Sports",model_version="9.9.9"} 0');
    expect(body).not.toContain(`model_version="${servedModel.version}"`);
  });

  it("resolve a p99 between 1 ms and 2 s: no bucket is twice as wide as its lower bound", () => {
    const coarse = (bounds: readonly number[]) =>
      bounds.filter((bound, i) => bound > 0.001 && bound <= 2 && bound > bounds[i - 1]! * 1.7);
    expect(coarse(metrics.predictionLatency.buckets)).toEqual([]);
    expect(metrics.predictionLatency.buckets).toEqual(expect.arrayContaining([0.001, 2]));
    // What prom-client would take by itself.
    expect(coarse([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])).not.toEqual([]);
  });

  it("have names, and histograms buckets, of the contract", async () => {
    const series = parseScrape((await new ServiceMetrics().expose()).body);
    const known = new Set(Object.values(metrics).map(({ name }) => name as string));
    const strange = [...series.keys()].filter((one) => {
      const name = one.split("{")[0]!;
      return !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, ""));
    });
    expect(strange).toEqual([]);
    const keys = Object.keys(metrics) as MetricKey[];
    const buckets = keys.filter((key) => "buckets" in metrics[key]);
    expect(buckets.every((key) => metrics[key].type === "histogram")).toBe(true);
  });
});

describe("the event loop's delay", () => {
  it("is zero before it is measured, and has a block in its buckets afterwards", async () => {
    const delay = new EventLoopDelay([0.001, 0.02, 10]);
    expect(delay.read()).toEqual({ counts: [0, 0, 0], count: 0, sum: 0 });
    delay.start();
    // The monitor needs a first tick to measure from.
    while (delay.read().count === 0) await pause(1);
    const until = performance.now() + 60;
    while (performance.now() < until);
    const late = () => {
      const { counts, count } = delay.read();
      return count - counts[1]!;
    };
    while (late() === 0) await pause(1);
    const { counts, count, sum } = delay.read();
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[2]).toBe(count);
    expect(sum).toBeGreaterThan(0.02);
    delay.stop();
  });
});

describe("the application's series", () => {
  let app: AppUnderTest;
  appForEachTest((started) => ({ app } = started));

  const exposed = async () => parseScrape((await app.metrics.expose()).body);

  it("count a request whose client left once, as 499, and as neither a refusal nor an answer", async () => {
    const before = await exposed();
    app.runtime.hold = true;
    const client = new AbortController();
    const asked = fetch(app.url + paths.analyze, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"text": "a b c"}',
      signal: client.signal,
    });
    while (app.runtime.running.length === 0) await nextTurn();
    client.abort();
    await expect(asked).rejects.toThrow();
    const [left] = httpSeries(paths.analyze, "POST", 499);
    while ((await exposed()).get(left) === 0) await nextTurn();
    app.runtime.finish();
    // Another request ends behind it, and with it whatever the first one still caused.
    await (await fetch(app.url + paths.healthz)).text();
    const after = await exposed();
    const changes = moved(before, after);
    const expected = new Map([
      [left, 1] as const,
      ...observed(after, changes, httpDuration(paths.healthz, "GET")),
      httpSeries(paths.healthz, "GET", 200),
    ]);
    expect(differences(changes, expected)).toEqual([]);
  });

  it("count a HEAD as the GET that it stands for", async () => {
    const before = await exposed();
    await fetch(app.url + paths.healthz, { method: "HEAD" });
    const changes = moved(before, await exposed());
    expect(changes.get(httpSeries(paths.healthz, "GET", 200)[0])).toBe(1);
  });

  it("gain none from 10,000 made-up paths, methods, headers and request ids", async () => {
    const before = [...(await exposed()).keys()];
    const next = random(7);
    const word = () => next().toString(36).slice(2);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
    // CONNECT asks for a tunnel, and is refused before the application; a HEAD is asked for above.
    const methods = METHODS.filter((method) => method !== "CONNECT" && method !== "HEAD");
    const known = Object.values(paths).map((path) => path.replace("{id}", word()));
    const client = new KeepAliveClient({ port: Number(new URL(app.url).port), maxConnections: 16 });
    const statuses = new Set<number>();
    const ask = async () => {
      const path = next() < 0.4 ? pick(known) : `/${word()}/%41${word()}`;
      const query = next() < 0.5 ? "" : `?${word()}=${word()}&limit=${word()}`;
      const lines = [
        `${pick(methods)} ${path}${query} HTTP/1.1`,
        "Host: 127.0.0.1",
        "Content-Length: 0",
        `Content-Type: ${pick(["application/json", word()])}`,
        `X-Request-Id: ${word()}`,
        `X-Deadline-Ms: ${pick(["100", word()])}`,
        `User-Agent: ${word()}`,
        `traceparent: 00-${word()}-${word()}-01`,
        `x-${word()}: ${word()}`,
      ];
      const { status } = await client.send(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
      statuses.add(status);
    };
    for (let i = 0; i < 10_000; i += 100) await Promise.all(Array.from({ length: 100 }, ask));
    client.close();
    const after = await exposed();
    expect([...after.keys()]).toEqual(before);
    const requests = [...after].filter(([name]) => name.startsWith(metrics.httpRequests.name));
    expect(requests.reduce((sum, [, value]) => sum + value, 0)).toBe(10_000);
    // They did meet different answers, and each got one.
    expect(statuses.size).toBeGreaterThan(4);
    expect(statuses.has(0)).toBe(false);

    // A label that a client chooses would be noticed.
    app.metrics.add("httpRequests", 1, { route: `/${word()}`, method: "GET", status: "404" });
    expect([...(await exposed()).keys()]).not.toEqual(before);
  });
});

/** The same numbers from 0 to 1 in every run. @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
