import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SettingsError, latencyBudget, parseSettings } from "@berth/contract";
import packageJson from "../package.json";
import { cgroupLimits } from "./adapters/cgroup-limits";
import { openFilesLimit } from "./adapters/open-files-limit";
import { systemClock as clock } from "./adapters/system-clock";
import { ThreadedTextCleaner } from "./adapters/threaded-text-cleaner";
import { Analyzer } from "./analysis/analyzer";
import { AnswerCache } from "./analysis/answer-cache";
import { openHistory } from "./compose/history";
import { openLog } from "./compose/logging";
import { modelPinOf, modelRegistryOf } from "./compose/model-source";
import { recordAnswer } from "./compose/record-answer";
import { serveModel } from "./compose/serve-model";
import { openTracer } from "./compose/tracing";
import { HistoryRecorder } from "./history/history-recorder";
import { createApp } from "./http/create-app";
import { createServer } from "./http/create-server";
import { limitConnections } from "./http/limit-connections";
import { refuseEarly } from "./http/refuse-early";
import { ServiceMetrics } from "./http/service-metrics";
import { ModelHost } from "./model/model-host";
import { HistoryUnavailableError } from "./ports/history-store";

// The service. This file alone reads the environment and signals, builds the adapters, and decides their order.

/** A shell, a watcher or npm may pass on the Ctrl-C that this process had itself: signals this close are one. */
const repeatedSignalMs = 1_000;

/** A connection that brought no request for so long at the end is taken for unused: a browser holds some in reserve. */
const quietMs = 500;

/** Clients whose connections the kernel holds for a service that is busy; it may hold fewer (Linux: `somaxconn`, 4,096). */
const listenBacklog = 4_096;

/** Answers of so long are written to the history together: a write for each costs as much as the rest of its request. */
const gatherMs = 25;

/** How long the last spans may take to the collector. */
const traceFlushMs = 1_000;

/** Answers on their way to the history at which texts of batches and streams begin to wait for it. */
const historyBehind = 250;

/** How long each of them waits at most: a store that is away must not stop them. */
const catchUpMs = 1_000;

async function main(): Promise<void> {
  const settings = parseSettings(process.env);
  const metrics = new ServiceMetrics(modelPinOf(settings));
  metrics.watchEventLoop();
  const log = openLog(settings, () => metrics.add("logLinesDropped", 1));
  const { logger } = log;
  const tracer = await openTracer(settings, {
    clock,
    serviceVersion: packageJson.version,
    onOutcome: (outcome, spans) => metrics.add("spans", spans, { outcome }),
    onFailure: (error) =>
      logger.warn({ err: error }, "traces cannot be exported; they are dropped until they can"),
  });
  let stoppingSince: number | undefined;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;

  const history = await openHistory({
    settings,
    clock,
    onFailure: (error, retryInMs) =>
      logger.warn(
        { err: error, retryInMs },
        "the history store is away; answers wait in the journal",
      ),
    onWarning: (message) => logger.error(message),
    onLost: (entries) => metrics.add("historyWrites", entries, { outcome: "dropped" }),
  });
  const recorder = new HistoryRecorder({
    store: history.store,
    clock,
    gatherMs,
    onOutcome: (outcome, entries) => metrics.add("historyWrites", entries, { outcome }),
    onFailure: (error, retryInMs) =>
      logger.error(
        { err: error, retryInMs },
        "the history cannot be written; answers wait in memory",
      ),
  });

  const host = new ModelHost({
    registry: modelRegistryOf(settings, clock, (event) => {
      const { kind, ...fields } = event;
      if (kind === "retry") logger.warn(fields, "fetching the model failed, and is tried again");
      else logger.info(fields, "fetching the model");
    }),
    pin: modelPinOf(settings),
    clock,
    load: (verified, signal) =>
      serveModel(verified, {
        settings,
        signal,
        limits: cgroupLimits(),
        clock,
        onShortage: (message) => logger.warn(message),
        onBatch: ({ texts, paddingShare }) => {
          metrics.observe("batchSize", texts);
          metrics.observe("batchPadding", paddingShare);
        },
        onRestart: (cause, message) => {
          metrics.add("inferenceRestarts", 1, { cause });
          logger.error({ cause, reason: message }, "an inference process is replaced");
        },
      }),
    onLoaded: ({ manifest, manifestSha256 }, tookMs) => {
      const { name, version } = manifest;
      metrics.serve({ name, version, manifestSha256 });
      logger.info({ model: name, version, manifestSha256, tookMs: Math.round(tookMs) }, "ready");
      void log.flush();
    },
    onFailure: (error, retryInMs) =>
      logger.error(
        { err: error, retryInMs: Math.round(retryInMs) },
        "no model to serve; alive, but not ready",
      ),
  });

  const { ANSWER_CACHE_MIB } = settings;
  const cache =
    ANSWER_CACHE_MIB === 0
      ? undefined
      : new AnswerCache({
          maxBytes: ANSWER_CACHE_MIB * 1024 * 1024,
          onLookup: (outcome) => metrics.add("answerCacheLookups", 1, { outcome }),
        });
  const tryModel = () => (isStopping() ? undefined : host.tryModel());
  metrics.onScrape(() => {
    const model = host.tryModel();
    metrics.set("queueDepth", model?.queue.depth ?? 0, { lane: "interactive" });
    metrics.set("queueDepth", model?.queue.bulkDepth ?? 0, { lane: "bulk" });
    metrics.set("queueLimit", model?.queue.limit ?? 0);
    metrics.set("inferenceProcessesConfigured", model?.runtime.processes ?? 0);
    metrics.set("inferenceProcesses", model?.runtime.ready() ?? 0);
    metrics.set("answerCacheEntries", cache?.entries ?? 0);
    metrics.set("answerCacheBytes", cache?.bytes ?? 0);
    metrics.set("journalDepth", recorder.depth + history.journalDepth());
    metrics.set("ready", (tryModel()?.runtime.ready() ?? 0) > 0 ? 1 : 0);
  });

  const cleaner = new ThreadedTextCleaner({
    clock,
    threadFile: join(__dirname, "clean-thread.js"),
  });
  const app = createApp({
    analyzer: new Analyzer({
      clock,
      cleaner,
      tryModel: () => host.tryModel(),
      record: recordAnswer({ recorder, clock, metrics, logger, settings }),
      letHistoryCatchUp: () =>
        recorder.depth < historyBehind ? undefined : recorder.settle(catchUpMs),
      onTokens: (unknown, words) => metrics.observeUnknownTokens(unknown, words),
      cache,
    }),
    history: history.store,
    recorder,
    metrics,
    clock,
    version: packageJson.version,
    tryModel: () => host.tryModel(),
    settings,
    logger,
    tracer,
    isStopping,
    stopping: stopping.signal,
  });
  const { server, drain } = createServer(app, {
    clock,
    onRefusal: ({ code }, requestId) => {
      metrics.add("requestsRefused", 1, { code });
      logger.info({ reqId: requestId, errorCode: code }, "refused what is no request");
    },
    // What other origins and traces need with an answer, the application adds.
    ...(tracer === undefined &&
      settings.CORS_ORIGINS === undefined && {
        refuse: refuseEarly({ tryModel, metrics, logger, clock }),
      }),
  });
  const maxConnections = limitConnections(server, {
    openFiles: openFilesLimit(),
    clock,
    onClosed: (connections) =>
      logger.error({ connections, maxConnections }, "too many connections; these were closed"),
  });
  const stop = async (signal: string): Promise<void> => {
    if (stoppingSince !== undefined) {
      if (clock.now() - stoppingSince < repeatedSignalMs) return;
      logger.warn({ signal }, "ended at once, by a second signal");
      process.exit(130);
    }
    stoppingSince = clock.now();
    stopping.abort();
    logger.info({ signal }, "stopping: not ready, finishing what is in flight");
    const { lingerMs, requestDeadlineMs } = latencyBudget;
    const answered = await drain.run({ lingerMs, quietMs, answerMs: requestDeadlineMs });
    if (!answered) logger.warn("requests in flight did not end in time; they are cut off");
    const lost = await recorder.close(latencyBudget.flushMs);
    if (lost > 0) logger.error({ lost }, "answers could not be written to the history");
    await host.close();
    await cleaner.close();
    await history.store.close();
    const lostSpans = (await tracer?.close(traceFlushMs)) ?? 0;
    if (lostSpans > 0) logger.warn({ lostSpans }, "spans could not be exported");
    logger.info("stopped");
    await log.flush();
    process.exit(lost > 0 ? 1 : 0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));

  server.listen({ port: settings.PORT, host: settings.HOST, backlog: listenBacklog });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  logger.info({ host: settings.HOST, port }, "listening");
  void log.flush();
  host.start();
}

main().catch((error: Error & { code?: string; port?: number }) => {
  const remedy =
    error.code === "EADDRINUSE"
      ? `port ${error.port} is taken: end the program that uses it, or set PORT to another`
      : error instanceof SettingsError || error instanceof HistoryUnavailableError
        ? error.message
        : (error.stack ?? error.message);
  console.error(`berth-service: ${remedy}`);
  process.exit(1);
});
