import {
  cacheOutcomes,
  errorCodes,
  labels,
  lanes,
  metrics,
  servedModel,
  spanOutcomes,
  stages,
} from "@berth/contract";
import type { Metric, MetricKey, MetricLabel, ModelArtifact } from "@berth/contract";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { restartCauses } from "../adapters/process-inference-runtime";
import { historyOutcomes } from "../history/history-recorder";
import { EventLoopDelay } from "./event-loop-delay";
import { httpRoutes, httpSeries } from "./http-series";

type LabelValues<K extends MetricKey> = [MetricLabel<K>] extends [never]
  ? []
  : [labels: Record<MetricLabel<K>, string>];

/** Which model version is served, or is to be. */
type Model = Pick<ModelArtifact, "name" | "version" | "manifestSha256">;

/**
 * What prom-client tells of Node that is of no use here: gauges named like counters, and an event loop delay that each
 * scrape resets, so that two scrapers halve it. {@link EventLoopDelay} has a better one.
 */
const unwanted = /^nodejs_(active_|eventloop_lag_)/;

/** Longest time that a timer can wait (2^31 - 1 ms): prom-client's own monitor of the event loop then never wakes it. */
const neverMs = 2_147_483_647;

/** The contract's metrics, registered. A metric or label that the contract does not name does not compile. */
export class ServiceMetrics {
  private readonly registry = new Registry();
  private readonly registered = new Map<MetricKey, Counter | Gauge | Histogram>();
  private readonly beforeScrape: (() => void)[] = [];
  private readonly eventLoopDelay = new EventLoopDelay(metrics.eventLoopDelay.buckets);

  /** @param model that is to be served; its series exist before it is loaded */
  constructor(model: Model = servedModel) {
    for (const [key, metric] of Object.entries<Metric>(metrics)) {
      if (key === "eventLoopDelay") continue;
      const options = {
        name: metric.name,
        help: metric.help,
        labelNames: [...metric.labels],
        registers: [this.registry],
      };
      const made =
        metric.type === "counter"
          ? new Counter(options)
          : metric.type === "gauge"
            ? new Gauge(options)
            : new Histogram({ ...options, buckets: [...metric.buckets!] });
      this.registered.set(key as MetricKey, made);
    }
    this.registerEventLoopDelay();
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: neverMs });
    for (const { name } of this.registry.getMetricsAsArray())
      if (unwanted.test(name)) this.registry.removeSingleMetric(name);
    this.startAtZero(model);
  }

  /** Adds to a counter. */
  add<K extends MetricKey>(key: K, value: number, ...values: LabelValues<K>): void {
    (this.registered.get(key) as Counter).inc(values[0] ?? {}, value);
  }

  /** Records a value in a histogram, in the metric's unit. */
  observe<K extends MetricKey>(key: K, value: number, ...values: LabelValues<K>): void {
    (this.registered.get(key) as Histogram).observe(values[0] ?? {}, value);
  }

  /** Sets a gauge. */
  set<K extends MetricKey>(key: K, value: number, ...values: LabelValues<K>): void {
    (this.registered.get(key) as Gauge).set(values[0] ?? {}, value);
  }

  /** Records how many of a text's tokens the vocabulary lacks, and of how many; special tokens apart. */
  observeUnknownTokens(unknown: number, words: number): void {
    this.add("unknownTokens", unknown);
    this.observe("unknownTokenShare", words > 0 ? unknown / words : 0);
  }

  /** Says that a model was loaded. */
  serve(model: Model): void {
    this.knowModel(model, 1);
  }

  /** Begins to measure how late the event loop is. */
  watchEventLoop(): void {
    this.eventLoopDelay.start();
  }

  /** Calls back before each scrape, to set gauges that mirror a state. */
  onScrape(listener: () => void): void {
    this.beforeScrape.push(listener);
  }

  /** The text that Prometheus scrapes. */
  async expose(): Promise<{ contentType: string; body: string }> {
    for (const listener of this.beforeScrape) listener();
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private knowModel(model: Model, loaded: 0 | 1): void {
    for (const label of labels) this.add("predictions", 0, { label, model_version: model.version });
    this.set("modelInfo", loaded, {
      model_name: model.name,
      model_version: model.version,
      manifest_sha256: model.manifestSha256,
    });
  }

  /** Its buckets are counted by Node, so it is read at each scrape instead of written to. */
  private registerEventLoopDelay(): void {
    const { name, help, type, buckets } = metrics.eventLoopDelay;
    const get = async () => {
      const { counts, count, sum } = this.eventLoopDelay.read();
      const bucket = (le: number | "+Inf", value: number) => ({
        metricName: `${name}_bucket`,
        labels: { le },
        value,
      });
      const values = [
        ...buckets.map((le, i) => bucket(le, counts[i]!)),
        bucket("+Inf", count),
        { metricName: `${name}_sum`, labels: {}, value: sum },
        { metricName: `${name}_count`, labels: {}, value: count },
      ];
      return { name, help, type, values, aggregator: "sum" };
    };
    // prom-client asks of a metric nothing but its name and get().
    this.registry.registerMetric({ name, help, get } as unknown as Histogram);
  }

  /** A series that appears with its first event has no rate for it; so all that there can be exist from the start. */
  private startAtZero(model: Model): void {
    this.knowModel(model, 0);
    for (const code of errorCodes) this.add("requestsRefused", 0, { code });
    for (const outcome of historyOutcomes) this.add("historyWrites", 0, { outcome });
    for (const outcome of spanOutcomes) this.add("spans", 0, { outcome });
    for (const outcome of cacheOutcomes) this.add("answerCacheLookups", 0, { outcome });
    for (const cause of restartCauses) this.add("inferenceRestarts", 0, { cause });
    for (const series of httpSeries) this.add("httpRequests", 0, series);
    for (const lane of lanes) {
      this.set("queueDepth", 0, { lane });
      this.zero("predictionLatency", { lane });
    }
    for (const stage of stages) this.zero("predictionStage", { stage });
    for (const route of httpRoutes) this.zero("httpDuration", route);
  }

  private zero<K extends MetricKey>(key: K, values: Record<MetricLabel<K>, string>): void {
    (this.registered.get(key) as Histogram).zero(values);
  }
}
