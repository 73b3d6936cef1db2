/** A Prometheus metric, as it is registered, scraped, graphed and alerted on. */
export interface Metric {
  readonly type: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  /** Low-cardinality label names: nothing that a client chooses freely. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Resolves p99 between 1 ms and 2 s: each bound is at most 1.6 times the one before. Seconds. */
const latencyBuckets = [
  0.001, 0.0015, 0.0025, 0.004, 0.006, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1,
  1.5, 2, 5,
] as const;

/** The stages of one prediction that are timed apart. */
export const stages = ["clean", "tokenize", "queue", "infer"] as const;

/** One timed stage. */
export type Stage = (typeof stages)[number];

/** Every metric of the service. Registration, panels, alerts and canary analysis take them from here. */
export const metrics = {
  predictionLatency: {
    type: "histogram",
    name: "prediction_latency_seconds",
    help: "From a request's arrival to its answer, of predictions that were answered",
    labels: [],
    buckets: latencyBuckets,
  },
  predictionStage: {
    type: "histogram",
    name: "prediction_stage_seconds",
    help: "Time that predictions spent in each stage",
    labels: ["stage"],
    buckets: latencyBuckets,
  },
  predictions: {
    type: "counter",
    name: "predictions_total",
    help: "Predictions answered, by label and model version",
    labels: ["label", "model_version"],
  },
  predictionConfidence: {
    type: "histogram",
    name: "prediction_confidence",
    help: "Calibrated probability of the answered label",
    labels: [],
    buckets: [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
  },
  predictionTokens: {
    type: "histogram",
    name: "prediction_tokens",
    help: "Tokens of a text as the model saw it, special tokens included",
    labels: [],
    buckets: [8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512],
  },
  requestsRefused: {
    type: "counter",
    name: "requests_refused_total",
    help: "Requests answered with an error, by its code in the error table",
    labels: ["code"],
  },
  httpRequests: {
    type: "histogram",
    name: "http_request_duration_seconds",
    help: "HTTP requests by route, method and status",
    labels: ["route", "method", "status"],
    buckets: latencyBuckets,
  },
  queueDepth: {
    type: "gauge",
    name: "inference_queue_depth",
    help: "Requests that wait for an inference process",
    labels: [],
  },
  batchSize: {
    type: "histogram",
    name: "inference_batch_size",
    help: "Texts in one inference batch",
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32],
  },
  batchPadding: {
    type: "histogram",
    name: "inference_batch_padding_ratio",
    help: "Share of a batch's tokens that are padding",
    labels: [],
    buckets: [0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6],
  },
  inferenceProcesses: {
    type: "gauge",
    name: "inference_processes_ready",
    help: "Inference processes that can take a batch",
    labels: [],
  },
  inferenceRestarts: {
    type: "counter",
    name: "inference_process_restarts_total",
    help: "Inference processes that were replaced, by cause",
    labels: ["cause"],
  },
  journalDepth: {
    type: "gauge",
    name: "history_journal_depth",
    help: "Answers that are not in the history store yet",
    labels: [],
  },
  historyWrites: {
    type: "counter",
    name: "history_entries_total",
    help: "Answers by what became of their history entry: stored, or dropped since the journal was full",
    labels: ["outcome"],
  },
  modelInfo: {
    type: "gauge",
    name: "model_info",
    help: "Always 1; its labels say which model is served",
    labels: ["model_name", "model_version", "manifest_sha256"],
  },
  ready: {
    type: "gauge",
    name: "service_ready",
    help: "1 while the service takes traffic",
    labels: [],
  },
} as const satisfies Record<string, Metric>;

/** A metric's key in {@link metrics}. */
export type MetricKey = keyof typeof metrics;

/** Label names of one metric. */
export type MetricLabel<K extends MetricKey> = (typeof metrics)[K]["labels"][number];
