import { errorCodes, labels, metrics, stages } from "@berth/contract";
import type { Metric, MetricKey, MetricLabel } from "@berth/contract";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { restartCauses } from "../adapters/process-inference-runtime";
import { historyOutcomes } from "../history/history-recorder";

type LabelValues<K extends MetricKey> = [MetricLabel<K>] extends [never]
  ? []
  : [labels: Record<MetricLabel<K>, string>];

/** The contract's metrics, registered. A metric or label that the contract does not name does not compile. */
export class ServiceMetrics {
  private readonly registry = new Registry();
  private readonly registered = new Map<MetricKey, Counter | Gauge | Histogram>();
  private readonly beforeScrape: (() => void)[] = [];

  constructor() {
    for (const [key, metric] of Object.entries<Metric>(metrics)) {
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
    collectDefaultMetrics({ register: this.registry });
    this.startAtZero();
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

  /** Makes the series that exist per model version. */
  serve(model: { name: string; version: string; manifestSha256: string }): void {
    for (const label of labels) this.add("predictions", 0, { label, model_version: model.version });
    this.set("modelInfo", 1, {
      model_name: model.name,
      model_version: model.version,
      manifest_sha256: model.manifestSha256,
    });
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

  /** A series that appears with its first event has no rate for it; so all that are known exist from the start. */
  private startAtZero(): void {
    for (const code of errorCodes) this.add("requestsRefused", 0, { code });
    for (const outcome of historyOutcomes) this.add("historyWrites", 0, { outcome });
    for (const cause of restartCauses) this.add("inferenceRestarts", 0, { cause });
    for (const stage of stages)
      (this.registered.get("predictionStage") as Histogram).zero({ stage });
  }
}
