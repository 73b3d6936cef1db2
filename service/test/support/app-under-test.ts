import type { AddressInfo } from "node:net";
import { labels, modelManifest, servedModel } from "@berth/contract";
import { pino } from "pino";
import { systemClock as clock } from "../../src/adapters/system-clock";
import { Analyzer } from "../../src/analysis/analyzer";
import type { AnalyzerOptions } from "../../src/analysis/analyzer";
import type { ServedModel } from "../../src/analysis/served-model";
import { cleaningVersion } from "../../src/domain/clean";
import { HistoryRecorder } from "../../src/history/history-recorder";
import { recordAnswer } from "../../src/compose/record-answer";
import { createApp } from "../../src/http/create-app";
import type { AppOptions } from "../../src/http/create-app";
import { createServer } from "../../src/http/create-server";
import type { ConnectionLimits } from "../../src/http/create-server";
import { refuseEarly } from "../../src/http/refuse-early";
import { ServiceMetrics } from "../../src/http/service-metrics";
import { InferenceQueue } from "../../src/inference/inference-queue";
import type { HistoryStore } from "../../src/ports/history-store";
import { InferenceProcessError } from "../../src/ports/inference-runtime";
import type { Tracer } from "../../src/ports/tracer";
import { FakeInferenceRuntime } from "./fake-inference-runtime";

const sha256 = "0".repeat(64);

/** A manifest that fits the contract's labels; its figures are of no model. */
export function fakeManifest() {
  const figures = { accuracy: 0.9, macroF1: 0.9, ece: 0.01 };
  const distribution = { edges: [0, 1], shares: [1] };
  const scores = Object.fromEntries(labels.map((label, i) => [label, i === 0 ? 1 : 0]));
  return modelManifest.parse({
    schemaVersion: 1,
    name: servedModel.name,
    version: servedModel.version,
    createdAt: "2026-01-01T00:00:00Z",
    task: "text-classification",
    architecture: "Fake",
    labels,
    maxTokens: 16,
    inputs: ["input_ids", "attention_mask"],
    output: "logits",
    tokens: { cls: 1, sep: 2, pad: 0, unk: 3 },
    cleaningVersion,
    temperature: 1,
    unsureBelow: 0.5,
    files: Object.fromEntries(
      ["model.onnx", "tokenizer.json", "config.json"].map((file) => [file, { sha256, bytes: 1 }]),
    ),
    golden: [{ text: "x", label: labels[0], scores }],
    goldenTolerance: 0.01,
    evaluation: { ...figures, dataset: "none", rows: 1, fp32: figures, perLabel: {} },
    training: { base: "none", dataset: "none", rows: 1, terms: "none" },
    licence: "none",
    baseline: {
      rows: 1,
      labels: {},
      confidence: distribution,
      tokens: distribution,
      unknownTokenShare: 0,
    },
  });
}

/** A runtime that answers at once, unless `hold` is set. Its logits favour the last label. */
class AnsweringRuntime extends FakeInferenceRuntime {
  hold = false;
  error: Error | undefined;

  override async run(batch: readonly Int32Array[]): Promise<Float32Array[]> {
    if (this.hold) return super.run(batch);
    if (this.error !== undefined) throw this.error;
    this.batches.push(batch.map((ids) => ids.length));
    return batch.map(() => this.logits());
  }

  /** Answers what is held, and holds nothing more. */
  release(): void {
    this.hold = false;
    while (this.running.length > 0) this.finish();
  }

  /** The process dies that runs a text of so many tokens. */
  die(tokens: number): void {
    const at = this.running.findIndex(({ batch }) => batch.some((ids) => ids.length === tokens));
    this.finish(new InferenceProcessError("died"), at);
  }

  protected override logits(): Float32Array {
    return Float32Array.from(labels, (_, i) => i);
  }
}

export interface AppUnderTest {
  readonly url: string;
  readonly runtime: AnsweringRuntime;
  readonly queue: InferenceQueue;
  readonly metrics: ServiceMetrics;
  readonly logged: string[];
  ready: boolean;
  stopping: boolean;
  /** Begins the end of the service, as SIGTERM does. */
  stop(): void;
  close(): Promise<void>;
}

/** The real application over HTTP, with a fake tokenizer (one token a word) and a fake runtime. */
export async function startApp(
  history: HistoryStore,
  settings: Partial<AppOptions["settings"]> = {},
  patience: Partial<ConnectionLimits> & Pick<AppOptions, "bodyTimeoutMs" | "streamIdleMs"> = {},
  parts: Pick<AnalyzerOptions, "cache" | "letHistoryCatchUp"> & {
    bulkLimit?: number;
    tracer?: Tracer;
  } = {},
): Promise<AppUnderTest> {
  const runtime = new AnsweringRuntime(2);
  const manifest = fakeManifest();
  const queue = new InferenceQueue({
    runtime,
    clock,
    limit: 4,
    bulkLimit: parts.bulkLimit ?? 4,
    maxTokens: 256,
    maxTexts: 8,
  });
  const model: ServedModel = {
    manifest,
    manifestSha256: servedModel.manifestSha256,
    runtime,
    queue,
    tokenizer: {
      encode: async (text) => {
        const total = text.split(" ").length + 2;
        return { ids: new Int32Array(Math.min(total, manifest.maxTokens)), total };
      },
    },
  };
  const metrics = new ServiceMetrics();
  metrics.serve({ ...servedModel });
  const recorder = new HistoryRecorder({ store: history, clock });
  const logged: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line) => void logged.push(line) });
  const state = { ready: true, stopping: false };
  const stopping = new AbortController();
  const tryModel = () => (state.ready ? model : undefined);
  const app = createApp({
    analyzer: new Analyzer({
      clock,
      tryModel,
      record: recordAnswer({ recorder, clock, metrics, logger, settings: { LOG_TEXTS: false } }),
      onTokens: (unknown, words) => metrics.observeUnknownTokens(unknown, words),
      cache: parts.cache,
      letHistoryCatchUp: parts.letHistoryCatchUp,
    }),
    history,
    recorder,
    metrics,
    clock,
    version: "0.0.0",
    tryModel,
    settings: {
      TRUSTED_PROXIES: 0,
      RATE_LIMIT_PER_SECOND: 1,
      RATE_LIMIT_BURST: 2,
      API_KEY: undefined,
      CORS_ORIGINS: undefined,
      WEB_DIR: undefined,
      ...settings,
    },
    logger,
    tracer: parts.tracer,
    isStopping: () => state.stopping,
    stopping: stopping.signal,
    bodyTimeoutMs: patience.bodyTimeoutMs,
    streamIdleMs: patience.streamIdleMs,
  });
  const { server } = createServer(app, {
    clock,
    onRefusal: ({ code }) => metrics.add("requestsRefused", 1, { code }),
    refuse: refuseEarly({ tryModel, metrics, logger, clock }),
    limits: patience,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runtime,
    queue,
    metrics,
    logged,
    stop: () => {
      state.stopping = true;
      stopping.abort();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await recorder.close(1_000);
    },
  });
}
