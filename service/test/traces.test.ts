import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { componentName, metrics, paths, stages } from "@berth/contract";
import type { AnalyzeResponse, SettingsEnv } from "@berth/contract";
import packageJson from "../package.json";
import { OpenTelemetryTracer } from "../src/adapters/open-telemetry-tracer";
import { systemClock as clock } from "../src/adapters/system-clock";
import { FakeCollector } from "./support/fake-collector";
import type { CollectedSpan } from "./support/fake-collector";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const json = { "Content-Type": "application/json" };

let collector: FakeCollector;
let endpoint: string;
const running: RunningService[] = [];

beforeEach(async () => {
  collector = new FakeCollector();
  endpoint = await collector.start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
  await collector.stop();
});

async function start(env: SettingsEnv = {}): Promise<RunningService> {
  const service = RunningService.start({
    DATA_DIR: newFolder(),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER_ARG: "1",
    // A text that comes again has all its stages.
    ANSWER_CACHE_MIB: "0",
    ...env,
  });
  running.push(service);
  await service.ready();
  return service;
}

async function analyze(
  service: RunningService,
  text: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch((await service.url()) + paths.analyze, {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify({ text }),
  });
}

const nanos = (time: string) => BigInt(time);

/** What a trace must look like, as sentences that are wrong of one that does not. */
function faultsOf(server: CollectedSpan, spans: readonly CollectedSpan[]): string[] {
  const faults: string[] = [];
  const children = spans.filter((one) => one.parentSpanId === server.spanId);
  const names = children.map(({ name }) => name).sort();
  if (names.join() !== [...stages].sort().join()) faults.push(`the stages are ${names.join()}`);
  for (const child of children)
    if (child.traceId !== server.traceId) faults.push(`${child.name} is of another trace`);
  const ordered = stages.map((stage) => children.find(({ name }) => name === stage));
  ordered.slice(1).forEach((stage, i) => {
    const before = ordered[i];
    if (before === undefined || stage === undefined) return;
    if (nanos(stage.startTimeUnixNano) < nanos(before.endTimeUnixNano) - rounding)
      faults.push(`${stage.name} begins before ${before.name} ends`);
  });
  for (const stage of children)
    if (nanos(stage.startTimeUnixNano) < nanos(server.startTimeUnixNano) - rounding)
      faults.push(`${stage.name} begins before its request`);
  const infer = children.find(({ name }) => name === "infer");
  const batch = spans.find((one) => one.name === "batch" && one.spanId === infer?.links[0]?.spanId);
  if (batch === undefined) faults.push("infer is linked to no batch");
  else if (!batch.links.some(({ spanId }) => spanId === infer!.spanId))
    faults.push("the batch is not linked to infer");
  return faults;
}

/** A span's times are numbers of milliseconds since 1970, in which a double resolves a quarter of a microsecond. */
const rounding = 2_000n;

describe("a traced request", () => {
  const remote = { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };

  it("has a span for the server and each stage, below the caller's, and infer linked to its batch", async () => {
    const service = await start();
    const answer = (await (
      await analyze(service, "The goalkeeper saved two penalties.", {
        traceparent: `00-${remote.trace}-${remote.span}-01`,
        "X-Request-Id": "traced-1",
      })
    ).json()) as AnalyzeResponse;
    const expected = 1 + stages.length + 1;
    await collector.until(() => collector.spans.length >= expected);
    expect(collector.faults).toEqual([]);
    expect(collector.spans).toHaveLength(expected);

    const [server] = collector.named(`POST ${paths.analyze}`);
    expect(server).toMatchObject({
      traceId: remote.trace,
      parentSpanId: remote.span,
      kind: 2,
      status: { code: 0 },
      attributes: {
        "http.request.method": "POST",
        "http.route": paths.analyze,
        "url.path": paths.analyze,
        "http.response.status_code": 200,
      },
      resource: {
        "service.name": componentName("service"),
        "service.version": packageJson.version,
        "service.instance.id": expect.any(String),
      },
    });
    expect(faultsOf(server!, collector.spans)).toEqual([]);
    const [batch] = collector.named("batch");
    expect(batch!.parentSpanId).toBeUndefined();
    expect(batch!.traceId).not.toBe(server!.traceId);
    expect(batch!.attributes).toEqual({
      "berth.batch.texts": 1,
      "berth.batch.tokens": answer.tokens.used,
      "berth.batch.padding_ratio": 0,
    });
    for (const stage of ["clean", "tokenize", "queue", "infer"] as const) {
      const [one] = collector.named(stage);
      const tookMs = Number(nanos(one!.endTimeUnixNano) - nanos(one!.startTimeUnixNano)) / 1e6;
      expect(Math.abs(tookMs - answer.timingsMs[stage])).toBeLessThan(0.01);
    }

    // The line of the log leads to the trace.
    const line = await service.logged(({ reqId }) => reqId === "traced-1");
    expect(line).toMatchObject({ trace_id: remote.trace, span_id: server!.spanId });

    // Nothing of what the user wrote is told.
    expect(JSON.stringify(collector.spans)).not.toContain("goalkeeper");

    // What the checks above are worth: each of these would be noticed.
    const without = (name: string) => collector.spans.filter((one) => one.name !== name);
    for (const name of [...stages, "batch"])
      expect(faultsOf(server!, without(name))).not.toEqual([]);
    const changed = (name: string, change: Partial<CollectedSpan>) =>
      collector.spans.map((one) => (one.name === name ? { ...one, ...change } : one));
    for (const spans of [
      changed("infer", { links: [] }),
      changed("batch", { links: [] }),
      changed("queue", { parentSpanId: remote.span }),
      changed("clean", { traceId: batch!.traceId }),
      changed("tokenize", {
        startTimeUnixNano: server!.startTimeUnixNano,
        endTimeUnixNano: batch!.endTimeUnixNano,
      }),
    ])
      expect(faultsOf(server!, spans)).not.toEqual([]);
  });

  it("shares its batch's span with the others of the batch", async () => {
    const service = await start({ INFERENCE_PROCESSES: "1" });
    const texts = Array.from({ length: 12 }, (_, i) => `Match number ${i} ended in a draw.`);
    await Promise.all(texts.map((text) => analyze(service, text)));
    await collector.until(() => collector.named("history_save").length === texts.length);
    const texted = new Map(
      collector.named("batch").map((one) => [one.spanId, one.attributes["berth.batch.texts"]]),
    );
    expect(texted.size).toBe(await service.metric(`${metrics.batchSize.name}_count`));
    const members = new Map<string, number>();
    for (const { links } of collector.named("infer")) {
      expect(links).toHaveLength(1);
      members.set(links[0]!.spanId, (members.get(links[0]!.spanId) ?? 0) + 1);
    }
    expect(members).toEqual(texted);
    // Some did share one; otherwise this shows nothing.
    expect(texted.size).toBeLessThan(texts.length);
  });

  it("says which error ended it, and calls only the service's own faults errors", async () => {
    const service = await start();
    await analyze(service, "<p></p>");
    await fetch(`${await service.url()}/api/nothing`);
    // Far too short for anything to be inferred.
    const late = await analyze(service, "An urgent question.", { "X-Deadline-Ms": "1" });
    await collector.until(() => collector.named(`POST ${paths.analyze}`).length === 2);
    await collector.until(() => collector.named("GET").length === 1);
    expect(collector.named("GET")[0]).toMatchObject({
      attributes: { "http.response.status_code": 404, "error.type": "not_found" },
      status: { code: 0 },
    });
    const outcomes = collector
      .named(`POST ${paths.analyze}`)
      .map(({ attributes, status }) => [attributes["error.type"], status.code]);
    expect(outcomes).toContainEqual(["text_empty", 0]);
    expect([200, 503]).toContain(late.status);
    if (late.status === 503) expect(outcomes).toContainEqual(["deadline_exceeded", 2]);
  });
});

describe("sampling", () => {
  const parent = (sampled: boolean) => ({
    traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-0${Number(sampled)}`,
  });

  it("follows the caller's decision, whatever the share of the service's own traces", async () => {
    const none = await start({ OTEL_TRACES_SAMPLER_ARG: "0" });
    await analyze(none, "Not sampled here.");
    await analyze(none, "Sampled by the caller.", parent(true));
    await collector.until(() => collector.named("history_save").length === 1);
    expect(await none.stop()).toBe(0);
    expect(collector.named(`POST ${paths.analyze}`)).toHaveLength(1);
    expect(
      collector.spans.every(({ name, traceId }) => name === "batch" || traceId === "a".repeat(32)),
    ).toBe(true);

    const all = await start();
    await analyze(all, "Not sampled by the caller.", parent(false));
    await analyze(all, "Sampled here.");
    await collector.until(() => collector.named("history_save").length === 2);
    expect(await all.stop()).toBe(0);
    expect(collector.named(`POST ${paths.analyze}`)).toHaveLength(2);
    // What is not sampled has its ids in the log all the same.
    const [unsampled] = all.log.filter(({ path }) => path === paths.analyze);
    expect(unsampled!.trace_id).toBe("a".repeat(32));
  });

  it("takes about the share of the other traces that the setting names, and leaves probes out", async () => {
    const service = await start({ OTEL_TRACES_SAMPLER_ARG: "0.5" });
    const url = await service.url();
    for (let i = 0; i < 300; i++) {
      await (await fetch(url + paths.model)).text();
      await (await fetch(url + paths.healthz)).text();
    }
    expect(await service.stop()).toBe(0);
    const taken = collector.named(`GET ${paths.model}`).length;
    // Six standard deviations of a fair coin thrown 300 times.
    expect(Math.abs(taken - 150)).toBeLessThan(6 * Math.sqrt(300 / 4));
    expect(collector.spans).toHaveLength(taken);
  });

  it("fails to begin from a traceparent that is none", async () => {
    const service = await start();
    for (const traceparent of [
      "00-0-0-01",
      `00-${"0".repeat(32)}-${"b".repeat(16)}-01`,
      "x".repeat(5_000),
    ])
      expect((await analyze(service, "A text.", { traceparent })).status).toBe(200);
    await collector.until(() => collector.named(`POST ${paths.analyze}`).length === 3);
    for (const span of collector.named(`POST ${paths.analyze}`))
      expect(span.parentSpanId).toBeUndefined();
  });
});

describe("a collector that is away, slow, or refuses", () => {
  const series = (outcome: string) => `${metrics.spans.name}{outcome="${outcome}"}`;

  async function answersAll(service: RunningService): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => analyze(service, `Text number ${i}.`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  }

  it("loses its spans, which are counted, and nothing else", async () => {
    const service = await start();
    await answersAll(service);
    await collector.until(() => collector.named("history_save").length === 20);
    const taken = collector.spans.length;
    while ((await service.metric(series("exported"))) < taken);
    expect(await service.metric(series("dropped"))).toBe(0);

    collector.status = 400;
    await answersAll(service);
    const lost = 20 * (1 + stages.length);
    while ((await service.metric(series("dropped"))) < lost);
    const warnings = () => service.log.filter(({ msg }) => msg.startsWith("traces cannot")).length;
    await service.logged(({ msg }) => msg.startsWith("traces cannot"));
    expect(warnings()).toBe(1);
    expect(await service.metric(series("exported"))).toBe(taken);

    collector.status = undefined;
    await answersAll(service);
    await collector.until(() => collector.named("history_save").length === 40);
    expect(await service.stop()).toBe(0);
  });

  it("holds up neither answers nor the end of the service while it hangs", async () => {
    const service = await start();
    collector.hang = true;
    await answersAll(service);
    await collector.until(() => collector.exports > 0);
    await answersAll(service);
    expect(await service.stop()).toBe(0);
    const { lostSpans } = await service.logged(({ msg }) => msg.startsWith("spans could not"));
    expect(lostSpans).toBeGreaterThanOrEqual(2 * 20 * (1 + stages.length));
    expect(service.log.at(-1)!.msg).toBe("stopped");
  });

  it("holds up neither where nothing listens", async () => {
    const service = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    await answersAll(service);
    expect(await service.stop()).toBe(0);
  });

  it("fills no more than a bounded memory: the spans beyond are dropped at once, and counted", async () => {
    const outcomes = { exported: 0, dropped: 0 };
    const tracer = new OpenTelemetryTracer({
      endpoint,
      serviceName: "test",
      serviceVersion: "0",
      ratio: 1,
      clock,
      onOutcome: (outcome, spans) => (outcomes[outcome] += spans),
      onFailure: () => {},
    });
    collector.hang = true;
    const end = () =>
      tracer.begin("GET", "/", {}, clock.now()).end(clock.now(), { route: undefined, status: 200 });
    for (let i = 0; i < 2_048; i++) end();
    expect(outcomes).toEqual({ exported: 0, dropped: 0 });
    for (let i = 0; i < 1_000; i++) end();
    expect(outcomes).toEqual({ exported: 0, dropped: 1_000 });
    await tracer.close(1);
    expect(outcomes).toEqual({ exported: 0, dropped: 3_048 });
  });
});

describe("OpenTelemetry", () => {
  /** The modules that the service's own process had loaded when it ended. */
  async function loaded(env: SettingsEnv): Promise<string[]> {
    const folder = newFolder();
    const preload = join(folder, "preload.cjs");
    writeFileSync(
      preload,
      `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(folder)} + "/" + process.pid + ".txt",
         Object.keys(require.cache).join("\\n")));`,
    );
    const options = { NODE_OPTIONS: `--require ${preload}` } as SettingsEnv;
    const service = RunningService.start({ DATA_DIR: newFolder(), ...options, ...env });
    running.push(service);
    await service.ready();
    await service.label("Shares of the retailer fell.");
    expect(await service.stop()).toBe(0);
    const file = readdirSync(folder).find((name) => name === `${service.child.pid}.txt`)!;
    return readFileSync(join(folder, file), "utf8").split("\n");
  }
  const ofSdk = (modules: string[]) =>
    modules.filter((path) => /@opentelemetry[\\/](?!api[\\/])/.test(path));

  it("is not even loaded without a collector", async () => {
    expect(ofSdk(await loaded({}))).toEqual([]);
    // prom-client loads the API's types for exemplars; the check would notice the SDK.
    expect(ofSdk(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).length).toBeGreaterThan(
      10,
    );
  });
});
