import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { analyzeResponse, historyResponse, labels, paths, servedModel } from "@berth/contract";
import type { AnalyzeResponse, HistoryEntry } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { Analyzer } from "../src/analysis/analyzer";
import { AnswerCache } from "../src/analysis/answer-cache";
import type { Prediction } from "../src/analysis/answer-cache";
import type { ServedModel } from "../src/analysis/served-model";
import { InferenceQueue } from "../src/inference/inference-queue";
import { InferenceProcessError } from "../src/ports/inference-runtime";
import { fakeManifest, startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { FakeClock, settleMicrotasks } from "./support/fake-clock";
import { FakeInferenceRuntime } from "./support/fake-inference-runtime";
import { stream } from "./support/stream-client";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const oneMiB = 1024 * 1024;

const prediction = (usedTokens = 5): Prediction => ({
  probabilities: labels.map((_, i) => i / 10 + Math.random() / 100),
  totalTokens: 7,
  usedTokens,
  unknownTokens: 0,
});

describe("AnswerCache", () => {
  it("gives back what was set under a model and a text, and nothing under another of either", () => {
    const cache = new AnswerCache({ maxBytes: oneMiB });
    const known = prediction();
    cache.set(AnswerCache.keyOf("1".repeat(64), "a text"), known);
    expect(cache.tryGet(AnswerCache.keyOf("1".repeat(64), "a text"))).toBe(known);
    expect(cache.tryGet(AnswerCache.keyOf("1".repeat(64), "a text "))).toBeUndefined();
    expect(cache.tryGet(AnswerCache.keyOf("2".repeat(64), "a text"))).toBeUndefined();
  });

  it("tells of each lookup whether it found something", () => {
    const outcomes: string[] = [];
    const cache = new AnswerCache({ maxBytes: oneMiB, onLookup: (one) => outcomes.push(one) });
    const key = AnswerCache.keyOf("1", "a");
    cache.tryGet(key);
    cache.set(key, prediction());
    cache.tryGet(key);
    expect(outcomes).toEqual(["miss", "hit"]);
  });

  it("stays within its bytes, and forgets what was not asked for longest", () => {
    const cache = new AnswerCache({ maxBytes: oneMiB });
    const key = (i: number) => AnswerCache.keyOf("1", String(i));
    for (let i = 0; i < 10_000; i++) {
      cache.set(key(i), prediction());
      cache.tryGet(key(0));
      expect(cache.bytes).toBeLessThanOrEqual(oneMiB);
    }
    expect(cache.entries).toBeGreaterThan(1_000);
    expect(cache.entries).toBeLessThan(10_000);
    expect(cache.tryGet(key(0))).toBeDefined();
    expect(cache.tryGet(key(1))).toBeUndefined();
    expect(cache.tryGet(key(9_999))).toBeDefined();
  });

  it("stays within its entries, however much memory it may take", () => {
    const cache = new AnswerCache({ maxBytes: 4096 * oneMiB });
    const shared = prediction();
    for (let i = 0; i < 70_000; i++) cache.set(AnswerCache.keyOf("1", String(i)), shared);
    expect(cache.entries).toBe(65_536);
  });

  it("takes about the memory that it says, and holds nothing of the texts", () => {
    const program = join(newFolder(), "cache-heap.js");
    const root = join(__dirname, "..", "..");
    const built = spawnSync(join(root, "node_modules", ".bin", "esbuild"), [
      join(__dirname, "support", "cache-heap.ts"),
      "--bundle",
      "--platform=node",
      `--alias:@berth/contract=${join(root, "contract", "src", "index.ts")}`,
      "--log-level=error",
      `--outfile=${program}`,
    ]);
    expect([built.status, String(built.stderr)]).toEqual([0, ""]);
    const run = spawnSync(process.execPath, ["--expose-gc", program], { encoding: "utf8" });
    const perByteSaid = Number(run.stdout);
    expect([run.stderr, perByteSaid]).toEqual(["", expect.any(Number)]);
    expect(perByteSaid).toBeGreaterThan(0.7);
    expect(perByteSaid).toBeLessThan(1.1);
  });
});

describe("an analyzer with a cache", () => {
  it("fails to answer for one model with what another said", async () => {
    const clock = new FakeClock();
    const cache = new AnswerCache({ maxBytes: oneMiB });
    const recorded: HistoryEntry[] = [];
    const served = (manifestSha256: string, favoured: number) => {
      const runtime = new FakeInferenceRuntime(1);
      jest
        .spyOn(runtime, "run")
        .mockImplementation(async (batch) =>
          batch.map(() => Float32Array.from(labels, (_, i) => (i === favoured ? 5 : 0))),
        );
      const queue = new InferenceQueue({ runtime, clock, limit: 4, maxTokens: 64, maxTexts: 4 });
      const tokenizer = { encode: async () => ({ ids: new Int32Array(4), total: 4 }) };
      return { manifest: fakeManifest(), manifestSha256, runtime, queue, tokenizer };
    };
    const [first, second] = [served("1".repeat(64), 0), served("2".repeat(64), 1)];
    let model: ServedModel = first;
    const analyzer = new Analyzer({
      clock,
      cache,
      tryModel: () => model,
      record: (entry) => recorded.push(entry),
    });
    const label = async () => {
      const answer = await analyzer.analyze("a text", { arrivedAt: 0, deadline: Infinity });
      return answer.label;
    };
    expect([await label(), await label()]).toEqual([labels[0], labels[0]]);
    model = second;
    expect([await label(), await label()]).toEqual([labels[1], labels[1]]);
    model = first;
    expect(await label()).toBe(labels[0]);
    expect(
      [first, second].map(({ runtime }) => jest.mocked(runtime.run).mock.calls.length),
    ).toEqual([1, 1]);
    await settleMicrotasks();
    expect(recorded.map((entry) => entry.label)).toEqual([0, 0, 1, 1, 0].map((i) => labels[i]));
  });
});

describe("the service with a cache", () => {
  let history: LevelHistoryStore;
  let app: AppUnderTest;
  let outcomes: string[];

  beforeEach(async () => {
    outcomes = [];
    history = await LevelHistoryStore.open(newFolder());
    const cache = new AnswerCache({ maxBytes: oneMiB, onLookup: (one) => outcomes.push(one) });
    app = await startApp(history, {}, {}, { cache });
  });
  afterEach(async () => {
    await app.close();
    await history.close();
  });

  const post = (path: string, body: unknown) =>
    fetch(app.url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  const analyze = async (text: string) =>
    analyzeResponse.parse(await (await post(paths.analyze, { text })).json());
  const metric = async (series: string) => {
    const text = await (await fetch(app.url + paths.metrics)).text();
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1],
    );
  };

  it("answers a text that comes again without inference, under a new id, and records it again", async () => {
    const first = await analyze("one two three");
    const again = await analyze("  one <b>two</b>\tthree ");
    expect(app.runtime.batches).toEqual([[5]]);
    expect(outcomes).toEqual(["miss", "hit"]);
    const { id, timingsMs, ...same } = again;
    const { id: firstId, timingsMs: _, ...expected } = first;
    expect(same).toEqual(expected);
    expect(id).not.toBe(firstId);
    expect(timingsMs).toMatchObject({ tokenize: 0, queue: 0, infer: 0 });
    const page = await (await fetch(app.url + paths.history)).json();
    expect(historyResponse.parse(page).entries.map((entry) => [entry.id, entry.text])).toEqual([
      [id, "  one <b>two</b>\tthree "],
      [firstId, "one two three"],
    ]);
  });

  it("counts an answer out of the cache as a prediction, once in each series", async () => {
    await analyze("a b");
    const series = [
      `predictions_total{label="${labels.at(-1)}",model_version="${servedModel.version}"}`,
      'prediction_latency_seconds_count{lane="interactive"}',
      'prediction_stage_seconds_count{stage="queue"}',
      'prediction_stage_seconds_count{stage="infer"}',
      "prediction_confidence_count",
      "prediction_tokens_count",
    ];
    const before = await Promise.all(series.map(metric));
    await analyze("a b");
    const after = await Promise.all(series.map(metric));
    expect(after.map((value, i) => value - before[i]!)).toEqual(series.map(() => 1));
  });

  it("serves batches and streams out of the same cache", async () => {
    await analyze("a b");
    await post(paths.analyzeBatch, { texts: ["a b", "c d e"] });
    const answers = await stream(app.url, [{ text: "c d e" }, { text: "a b" }]);
    expect(answers.map((one) => (one as AnalyzeResponse).tokens.total)).toEqual([5, 4]);
    expect(app.runtime.batches.flat()).toEqual([4, 5]);
    expect(outcomes).toEqual(["miss", "hit", "miss", "hit", "hit"]);
  });

  it("keeps nothing of what failed", async () => {
    app.runtime.error = new InferenceProcessError("died");
    expect((await post(paths.analyze, { text: "a b" })).status).toBe(503);
    app.runtime.error = undefined;
    expect((await post(paths.analyze, { text: "" })).status).toBe(422);
    await analyze("a b");
    expect(outcomes).toEqual(["miss", "miss"]);
  });

  it("infers every text where there is no cache", async () => {
    await app.close();
    app = await startApp(history);
    await analyze("a b");
    await analyze("a b");
    expect(app.runtime.batches).toEqual([[4], [4]]);
  });
});
