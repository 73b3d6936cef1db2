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

/** Resolves p99 between 1 ms and 2 s: each bound is at most 1.7 times the one before. Seconds. */
const latencyBuckets = [
  0.001, 0.0015, 0.0025, 0.004, 0.006, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1,
  1.5, 2, 5,
] as const;

/** How quickly HTTP requests of all kinds are answered; coarser, since there is one histogram an endpoint. Seconds. */
const httpBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5] as const;

/** Resolves the goal of 20 ms at p99. Seconds. */
const eventLoopBuckets = [
  0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1,
] as const;

/** The stages of a prediction that its answer has the times of. */
export const answerStages = ["clean", "tokenize", "queue", "infer"] as const;

/** One of them. */
export type AnswerStage = (typeof answerStages)[number];

/** The stages of one prediction that are timed apart. The last begins with the answer and ends behind it. */
export const stages = [...answerStages, "history_save"] as const;

/** One timed stage. */
export type Stage = (typeof stages)[number];

/** What a text came by: a request of its own, or a batch or stream, which take what single requests leave. */
export const lanes = ["interactive", "bulk"] as const;

/** One lane. */
export type Lane = (typeof lanes)[number];

/** What a look into the answer cache found. */
export const cacheOutcomes = ["hit", "miss"] as const;

/** What became of a span. */
export const spanOutcomes = ["exported", "dropped"] as const;

/** What became of a span. */
export type SpanOutcome = (typeof spanOutcomes)[number];

/** Status of a request whose client left before its answer, as nginx logs it; never sent. */
export const clientLeftStatus = 499;

/** Every metric of the service. Registration, panels, alerts and canary analysis take them from here. */
export const metrics = {
  predictionLatency: {
    type: "histogram",
    name: "prediction_latency_seconds",
    help: "From a request's arrival, or a stream's line being taken, to its answer, of predictions that were answered",
    labels: ["lane"],
    buckets: latencyBuckets,
  },
  predictionStage: {
    type: "histogram",
    name: "prediction_stage_seconds",
    help: "Time that predictions spent in each stage; history_save lasts from the answer until its entry is stored",
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
    help: "Requests, and texts of batches and streams, answered with an error, by its code in the error table",
    labels: ["code"],
  },
  unknownTokens: {
    type: "counter",
    name: "prediction_unknown_tokens_total",
    help: "Tokens of texts that the model's vocabulary lacks; divided by prediction_tokens_sum less two a text, the share that a model's baseline gives",
    labels: [],
  },
  unknownTokenShare: {
    type: "histogram",
    name: "prediction_unknown_token_ratio",
    help: "Share of a text's tokens that the model's vocabulary lacks, special tokens apart",
    labels: [],
    buckets: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  },
  httpRequests: {
    type: "counter",
    name: "http_requests_total",
    help: "HTTP requests by route, method and status; 499 if the client left before its answer",
    labels: ["route", "method", "status"],
  },
  httpDuration: {
    type: "histogram",
    name: "http_request_duration_seconds",
    help: "From a request's headers to the end of its answer, by route and method, of requests that were answered",
    labels: ["route", "method"],
    buckets: httpBuckets,
  },
  queueDepth: {
    type: "gauge",
    name: "inference_queue_depth",
    help: "Texts that wait for an inference process",
    labels: ["lane"],
  },
  queueLimit: {
    type: "gauge",
    name: "inference_queue_limit",
    help: "Single requests that may wait for inference; 0 while no model is loaded",
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
  inferenceProcessesConfigured: {
    type: "gauge",
    name: "inference_processes_configured",
    help: "Inference processes that there should be; 0 while no model is loaded",
    labels: [],
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
  answerCacheLookups: {
    type: "counter",
    name: "answer_cache_lookups_total",
    help: "Texts looked for in the answer cache, by whether their answer was there",
    labels: ["outcome"],
  },
  answerCacheEntries: {
    type: "gauge",
    name: "answer_cache_entries",
    help: "Answers in the cache",
    labels: [],
  },
  answerCacheBytes: {
    type: "gauge",
    name: "answer_cache_bytes",
    help: "Memory that the answer cache takes, in bytes, as it is bounded by ANSWER_CACHE_MIB",
    labels: [],
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
    help: "Its labels say which model is served; 1 once it is loaded, 0 before",
    labels: ["model_name", "model_version", "manifest_sha256"],
  },
  ready: {
    type: "gauge",
    name: "service_ready",
    help: "1 while the service takes traffic",
    labels: [],
  },
  eventLoopDelay: {
    type: "histogram",
    name: "event_loop_delay_seconds",
    help: "How late the event loop was for a timer, asked every few milliseconds",
    labels: [],
    buckets: eventLoopBuckets,
  },
  spans: {
    type: "counter",
    name: "trace_spans_total",
    help: "Spans of sampled traces by what became of them: exported, or dropped since the collector did not take them",
    labels: ["outcome"],
  },
  logLinesDropped: {
    type: "counter",
    name: "log_lines_dropped_total",
    help: "Log lines that were dropped, since whatever reads the log does not keep up",
    labels: [],
  },
} as const satisfies Record<string, Metric>;

/** A metric's key in {@link metrics}. */
export type MetricKey = keyof typeof metrics;

/** Label names of one metric. */
export type MetricLabel<K extends MetricKey> = (typeof metrics)[K]["labels"][number];
