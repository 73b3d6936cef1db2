import type { SpanOutcome } from "@berth/contract";
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  defaultTextMapGetter,
  trace,
} from "@opentelemetry/api";
import type { Context, Span, Tracer as OtelTracer } from "@opentelemetry/api";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_URL_PATH,
} from "@opentelemetry/semantic-conventions";
import { v4 as uuidv4 } from "uuid";
import type { Clock } from "../ports/clock";
import type {
  RequestTrace,
  TraceParent,
  TracedBatch,
  TracedOutcome,
  TracedStage,
  Tracer,
} from "../ports/tracer";

/** Spans between a request and the collector, at most: some MiB. Beyond these the newest are dropped and counted. */
const pendingLimit = 2_048;

/** Spans of one export, at most; small, since they are written as JSON in one go. */
const exportBatch = 256;

/** How long spans gather before they are exported. */
const exportEveryMs = 1_000;

/** An export that takes longer has failed, tries again included. */
const exportTimeoutMs = 5_000;

/** Exports that run at once, at most. One does, but at the end everything that is pending is exported together. */
const exportConcurrency = pendingLimit / exportBatch;

/** Longest path that a span names, in UTF-16 code units. */
const maxPathCharacters = 256;

/** Why a request ended without an answer. */
const clientLeft = "client_left";

export interface OpenTelemetryTracerOptions {
  /** Base address of the collector's OTLP over HTTP, such as `http://collector:4318`. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** Share of the traces that begin here which are exported; a caller's own decision comes before. */
  readonly ratio: number;
  readonly clock: Clock;
  readonly onOutcome: (outcome: SpanOutcome, spans: number) => void;
  /** An export failed, and the one before had not. */
  readonly onFailure: (error: Error) => void;
}

/** Traces in OpenTelemetry's protocol, over HTTP as JSON. */
export class OpenTelemetryTracer implements Tracer {
  private readonly pending: PendingSpans;
  private readonly requests: BasicTracerProvider;
  private readonly batches: BasicTracerProvider;
  private readonly tracing: Tracing;
  private readonly propagator = new W3CTraceContextPropagator();

  constructor(private readonly options: OpenTelemetryTracerOptions) {
    const exporter = new OTLPTraceExporter({
      url: `${options.endpoint.replace(/\/+$/, "")}/v1/traces`,
      timeoutMillis: exportTimeoutMs,
      concurrencyLimit: exportConcurrency,
    });
    this.pending = new PendingSpans(exporter, options);
    const common = {
      resource: resourceFromAttributes({
        [ATTR_SERVICE_NAME]: options.serviceName,
        [ATTR_SERVICE_VERSION]: options.serviceVersion,
        [ATTR_SERVICE_INSTANCE_ID]: uuidv4(),
      }),
      spanProcessors: [this.pending],
    };
    this.requests = new BasicTracerProvider({
      ...common,
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }),
    });
    // A batch is told of only for a request that is sampled, and then always: its span is what that request links to.
    this.batches = new BasicTracerProvider({ ...common, sampler: new AlwaysOnSampler() });
    const scope = "@berth/service";
    this.tracing = {
      requests: this.requests.getTracer(scope, options.serviceVersion),
      batches: this.batches.getTracer(scope, options.serviceVersion),
      batchSpans: new WeakMap(),
    };
  }

  begin(method: string, path: string, parent: TraceParent, at: number): RequestTrace {
    const { clock } = this.options;
    // Taken anew for each request, so that a corrected wall clock is followed.
    const epoch = clock.date().getTime() - clock.now();
    const remote = this.propagator.extract(ROOT_CONTEXT, parent, defaultTextMapGetter);
    const span = this.tracing.requests.startSpan(
      method,
      {
        kind: SpanKind.SERVER,
        startTime: epoch + at,
        attributes: {
          [ATTR_HTTP_REQUEST_METHOD]: method,
          [ATTR_URL_PATH]: path.slice(0, maxPathCharacters),
        },
      },
      remote,
    );
    return new OpenTelemetryRequestTrace(this.tracing, span, method, epoch);
  }

  async close(limitMs: number): Promise<number> {
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.options.clock.schedule(limitMs, resolve);
    });
    // The providers share a processor, so that ending one of them is enough. It fails where the collector is away.
    await Promise.race([this.requests.shutdown().catch(() => {}), limit]);
    cancel();
    return this.pending.giveUp();
  }
}

interface Tracing {
  readonly requests: OtelTracer;
  readonly batches: OtelTracer;
  /** Spans of batches, by the object that all requests of a batch share. */
  readonly batchSpans: WeakMap<TracedBatch, Span>;
}

class OpenTelemetryRequestTrace implements RequestTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  private readonly context: Context;

  /** @param epoch added to a time of the clock, makes it milliseconds since 1970 */
  constructor(
    private readonly tracing: Tracing,
    private readonly span: Span,
    private readonly method: string,
    private readonly epoch: number,
  ) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    this.context = trace.setSpan(ROOT_CONTEXT, span);
  }

  stage(stage: TracedStage): void {
    if (!this.sampled) return;
    const { name, error, batch } = stage;
    const span = this.tracing.requests.startSpan(
      name,
      { startTime: this.epoch + stage.from },
      this.context,
    );
    if (batch !== undefined) this.link(span, batch, stage);
    if (error !== undefined) fail(span, error);
    span.end(this.epoch + stage.to);
  }

  end(at: number, { route, status, error }: TracedOutcome): void {
    const { span } = this;
    if (route !== undefined) {
      span.updateName(`${this.method} ${route}`);
      span.setAttribute(ATTR_HTTP_ROUTE, route);
    }
    if (status === undefined) span.setAttribute(ATTR_ERROR_TYPE, clientLeft);
    else {
      span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
      // A refusal that the client has to answer for is no error of the service.
      if (status >= 500) fail(span, error ?? String(status));
      else if (error !== undefined) span.setAttribute(ATTR_ERROR_TYPE, error);
    }
    span.end(this.epoch + at);
  }

  /** Links a stage and its batch to each other. A batch is a trace of its own: it belongs to several requests. */
  private link(span: Span, batch: TracedBatch, { from, to }: TracedStage): void {
    const { batches, batchSpans } = this.tracing;
    let batchSpan = batchSpans.get(batch);
    if (batchSpan === undefined) {
      const made = batches.startSpan(
        "batch",
        {
          root: true,
          startTime: this.epoch + from,
          attributes: {
            "berth.batch.texts": batch.texts,
            "berth.batch.tokens": batch.tokens,
            "berth.batch.padding_ratio": batch.paddingShare,
          },
        },
        ROOT_CONTEXT,
      );
      batchSpans.set(batch, made);
      // The answers of one batch come in one turn of the event loop; its span ends when all of them are linked.
      setImmediate(() => made.end(this.epoch + to));
      batchSpan = made;
    }
    span.addLink({ context: batchSpan.spanContext() });
    batchSpan.addLink({ context: span.spanContext() });
  }
}

function fail(span: Span, error: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Hands spans to OpenTelemetry's own batching, with a bound over all that wait or are under way, and counts them. */
class PendingSpans implements SpanProcessor {
  private readonly batching: BatchSpanProcessor;
  private pending = 0;
  private failing = false;

  constructor(
    exporter: SpanExporter,
    private readonly options: Pick<OpenTelemetryTracerOptions, "onOutcome" | "onFailure">,
  ) {
    this.batching = new BatchSpanProcessor(this.counted(exporter), {
      maxQueueSize: pendingLimit,
      maxExportBatchSize: exportBatch,
      scheduledDelayMillis: exportEveryMs,
      exportTimeoutMillis: exportTimeoutMs,
    });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.pending >= pendingLimit) return this.options.onOutcome("dropped", 1);
    this.pending++;
    this.batching.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.batching.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.batching.shutdown();
  }

  /** @returns how many were still under way; they count as dropped */
  giveUp(): number {
    const lost = this.pending;
    if (lost > 0) this.options.onOutcome("dropped", lost);
    this.pending = 0;
    return lost;
  }

  private counted(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          const exported = result.code === ExportResultCode.SUCCESS;
          const counted = Math.min(this.pending, spans.length);
          this.pending -= counted;
          this.options.onOutcome(exported ? "exported" : "dropped", counted);
          if (!exported && !this.failing)
            this.options.onFailure(result.error ?? new Error("the collector refused the spans"));
          this.failing = !exported;
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
    };
  }
}
