import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SettingsError, latencyBudget, parseSettings } from "@berth/contract";
import { pino } from "pino";
import packageJson from "../package.json";
import { systemClock as clock } from "./adapters/system-clock";
import { Analyzer } from "./analysis/analyzer";
import { openHistory } from "./compose/history";
import { modelPinOf, modelRegistryOf } from "./compose/model-source";
import { serveModel } from "./compose/serve-model";
import { HistoryRecorder } from "./history/history-recorder";
import { createApp } from "./http/create-app";
import { createServer } from "./http/create-server";
import { ServiceMetrics } from "./http/service-metrics";
import { ModelHost } from "./model/model-host";
import { HistoryUnavailableError } from "./ports/history-store";

// The service. This file alone reads the environment and signals, builds the adapters, and decides their order.

/** A shell, a watcher or npm may pass on the Ctrl-C that this process had itself: signals this close are one. */
const repeatedSignalMs = 1_000;

async function main(): Promise<void> {
  const settings = parseSettings(process.env);
  const logger = pino({ level: settings.LOG_LEVEL });
  const metrics = new ServiceMetrics();
  let stoppingSince: number | undefined;
  const isStopping = () => stoppingSince !== undefined;

  const history = await openHistory(settings, clock, (error, retryInMs) =>
    logger.warn(
      { err: error, retryInMs },
      "the history store is away; answers wait in the journal",
    ),
  );
  const recorder = new HistoryRecorder({
    store: history.store,
    clock,
    onOutcome: (outcome, entries) => metrics.add("historyWrites", entries, { outcome }),
    onFailure: (error, retryInMs) =>
      logger.error(
        { err: error, retryInMs },
        "the history cannot be written; answers wait in memory",
      ),
  });

  const host = new ModelHost({
    registry: modelRegistryOf(settings),
    pin: modelPinOf(settings),
    clock,
    load: (verified) =>
      serveModel(verified, {
        settings,
        clock,
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
    },
    onFailure: (error, retryInMs) =>
      logger.error(
        { err: error, retryInMs: Math.round(retryInMs) },
        "no model to serve; alive, but not ready",
      ),
  });

  const tryModel = () => (isStopping() ? undefined : host.tryModel());
  metrics.onScrape(() => {
    const model = host.tryModel();
    metrics.set("queueDepth", model?.queue.depth ?? 0);
    metrics.set("inferenceProcesses", model?.runtime.ready() ?? 0);
    metrics.set("journalDepth", recorder.depth + history.journalDepth());
    metrics.set("ready", (tryModel()?.runtime.ready() ?? 0) > 0 ? 1 : 0);
  });

  const app = createApp({
    analyzer: new Analyzer({
      clock,
      tryModel: () => host.tryModel(),
      record: (entry) => recorder.record(entry),
    }),
    history: history.store,
    recorder,
    metrics,
    clock,
    version: packageJson.version,
    tryModel,
    settings,
    logger,
    isStopping,
  });
  const { server, idle } = createServer(app);
  const stop = async (signal: string): Promise<void> => {
    if (stoppingSince !== undefined) {
      if (clock.now() - stoppingSince < repeatedSignalMs) return;
      logger.warn({ signal }, "ended at once, by a second signal");
      process.exit(130);
    }
    stoppingSince = clock.now();
    logger.info({ signal }, "stopping: not ready, finishing what is in flight");
    server.close();
    server.closeIdleConnections();
    const drained = await Promise.race([
      idle().then(() => true),
      new Promise<false>((resolve) =>
        clock.schedule(latencyBudget.requestDeadlineMs, () => resolve(false)),
      ),
    ]);
    if (!drained) logger.warn("requests in flight did not end in time; they are cut off");
    // Those left carry no request: a browser keeps connections open that it may never use.
    server.closeAllConnections();
    const lost = await recorder.close(latencyBudget.flushMs);
    if (lost > 0) logger.error({ lost }, "answers could not be written to the history");
    await host.close();
    await history.store.close();
    logger.info("stopped");
    process.exit(lost > 0 ? 1 : 0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));

  server.listen(settings.PORT, settings.HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  logger.info({ host: settings.HOST, port }, "listening");
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
