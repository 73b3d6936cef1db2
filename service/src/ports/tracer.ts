import type { Stage } from "@berth/contract";

/** What a request says of the trace that it belongs to. @see https://www.w3.org/TR/trace-context/ */
export interface TraceParent {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** The batch that texts of several requests ran in; one object for all of them. */
export interface TracedBatch {
  readonly texts: number;
  /** Tokens of its texts, without padding. */
  readonly tokens: number;
  /** Share of its tokens that were padding. */
  readonly paddingShare: number;
}

/** A stage that has ended. Times are on the clock's scale. */
export interface TracedStage {
  readonly name: Stage;
  readonly from: number;
  readonly to: number;
  /** Code of the error that ended it. */
  readonly error?: string | undefined;
  /** The batch that it was part of. */
  readonly batch?: TracedBatch | undefined;
}

/** How a request ended. */
export interface TracedOutcome {
  /** Path template of the endpoint that took it. */
  readonly route: string | undefined;
  /** Undefined if the client left before its answer. */
  readonly status: number | undefined;
  /** Code of the error that was answered. */
  readonly error?: string | undefined;
}

/** The trace of one request. */
export interface RequestTrace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Whether it is exported; what is not need not be told of its stages. */
  readonly sampled: boolean;
  /** Tells of a stage; also after the request has ended, since the history is written behind the answer. */
  stage(stage: TracedStage): void;
  /** @param at on the clock's scale */
  end(at: number, outcome: TracedOutcome): void;
}

/** Tells a collector where the time of requests went. Never throws, never waits, never slows an answer down. */
export interface Tracer {
  /** @param at when the request arrived, on the clock's scale */
  begin(method: string, path: string, parent: TraceParent, at: number): RequestTrace;
  /** Hands over what is left, at most `limitMs`. @returns spans that are lost */
  close(limitMs: number): Promise<number>;
}
