import { z } from "zod";
import { errorCodes } from "./errors";
import {
  historyPage,
  maxBatchBodyBytes,
  maxBatchTexts,
  maxBatchesAtOnce,
  maxRefCharacters,
  maxStreamsAtOnce,
  maxTextCharacters,
} from "./limits";
import { labels } from "./labels";
import { paths } from "./paths";
import type { ErrorCode } from "./errors";

const probability = z.number().min(0).max(1);
const durationMs = z.number().nonnegative().describe("Milliseconds");

/** A label of the served model. */
export const labelSchema = z
  .enum(labels)
  .meta({ id: "Label", description: "A label of the model" });

/** Which model answered. */
export const modelReference = z
  .strictObject({ name: z.string(), version: z.string() })
  .meta({ id: "ModelReference" });

/** A history entry's id: a UUID version 7, so that ids sort by time. */
export const entryId = z
  .uuidv7()
  .toLowerCase()
  .meta({ description: "UUID version 7; sorts by time" });

const text = z
  .string()
  .max(maxTextCharacters)
  .meta({
    description: `The text, HTML allowed; at most ${maxTextCharacters} UTF-16 code units`,
    example: "Stocks fell sharply on Monday after the central bank raised interest rates.",
  });

/** `POST /api/analyze`: the text to classify. */
export const analyzeRequest = z.strictObject({ text }).meta({ id: "AnalyzeRequest" });

/** The answer to `POST /api/analyze`. */
export const analyzeResponse = z
  .strictObject({
    id: entryId,
    label: labelSchema,
    confidence: probability.describe("Calibrated probability of `label`"),
    unsure: z.boolean().describe("The confidence is below the model's own threshold"),
    scores: z
      .array(z.strictObject({ label: labelSchema, score: probability }))
      .length(labels.length)
      .describe("Every label, highest score first; the scores sum to 1"),
    model: modelReference,
    tokens: z.strictObject({
      total: z.int().positive().describe("Tokens of the whole text, special tokens included"),
      used: z.int().positive().describe("Tokens that the model saw"),
    }),
    truncated: z.boolean().describe("The model saw only the first `tokens.used` tokens"),
    timingsMs: z.strictObject({
      clean: durationMs,
      tokenize: durationMs,
      queue: durationMs,
      infer: durationMs,
      total: durationMs,
    }),
  })
  .meta({ id: "AnalyzeResponse" });

/** An answer as it is kept, with the text as it was sent. */
export const historyEntry = analyzeResponse
  .extend({
    text: z.string().describe("The text as it was sent"),
    createdAt: z.iso.datetime().describe("When it was answered, UTC"),
  })
  .meta({ id: "HistoryEntry" });

/** Query of `GET /api/history`. */
export const historyQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d*$/, `must be a whole number from 1 to ${historyPage.max}, in plain digits`)
    .transform(Number)
    .pipe(z.int().min(1).max(historyPage.max))
    .default(historyPage.default)
    .meta({
      description: "Entries on the page",
      // In an address it is digits, which OpenAPI calls an integer.
      override: {
        type: "integer",
        pattern: undefined,
        minimum: 1,
        maximum: historyPage.max,
        default: historyPage.default,
      },
    }),
  cursor: entryId.optional().describe("`nextCursor` of the page before"),
  label: labelSchema.optional().describe("Only entries with this label"),
});

/** One page of the history, newest first. */
export const historyResponse = z
  .strictObject({
    entries: z.array(historyEntry),
    nextCursor: entryId.nullable().describe("For the next page; null on the last"),
  })
  .meta({ id: "HistoryPage" });

/** Path parameters of one history entry. */
export const historyEntryParams = z.strictObject({ id: entryId });

const figures = z.strictObject({ accuracy: probability, macroF1: probability, ece: probability });

/** `GET /api/model`: what is served, with its figures and limits. */
export const modelResponse = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    manifestSha256: z.string(),
    createdAt: z.string(),
    architecture: z.string(),
    labels: z.array(labelSchema),
    maxTokens: z.int(),
    maxTextCharacters: z.int(),
    cleaningVersion: z.string(),
    temperature: z.number(),
    unsureBelow: probability,
    evaluation: figures.extend({ dataset: z.string(), rows: z.int(), fp32: figures }),
    training: z.strictObject({
      base: z.string(),
      dataset: z.string(),
      rows: z.int(),
      terms: z.string(),
    }),
    licence: z.string(),
  })
  .meta({ id: "Model" });

/** A row of the error table, as it is answered for one text of a batch or stream. */
export const textError = z
  .strictObject({
    code: z.enum(errorCodes),
    message: z.string().describe("What happened and what to change"),
    details: z
      .array(
        z.strictObject({
          path: z.string().describe("The field, e.g. `text`; empty for the whole body"),
          message: z.string(),
        }),
      )
      .describe("One row a fault; may be empty"),
  })
  .meta({ id: "TextError" });

/** The body of every error. */
export const errorResponse = z
  .strictObject({ error: textError.extend({ requestId: z.string() }) })
  .meta({ id: "Error" });

/** `POST /api/analyze/batch`: the texts to classify. */
export const batchRequest = z
  .strictObject({
    texts: z
      .array(text)
      .min(1)
      .max(maxBatchTexts)
      .describe("The texts; each costs a token of the rate limit, as a single request does"),
  })
  .meta({ id: "BatchRequest" });

/** The answer to `POST /api/analyze/batch`. */
export const batchResponse = z
  .strictObject({
    results: z
      .array(z.union([analyzeResponse, z.strictObject({ error: textError })]))
      .describe("One a text, in the order of the texts: its answer, or why it alone has none"),
  })
  .meta({ id: "BatchResponse" });

const ref = z
  .string()
  .max(maxRefCharacters)
  .describe("The caller's own name for the line; it comes back with the answer");

/** One line of the body of `POST /api/analyze/stream`. */
export const streamRequestLine = z
  .strictObject({ text, ref: ref.optional() })
  .meta({ id: "StreamRequestLine" });

const lineNumber = z
  .int()
  .positive()
  .describe("Number of the line that this answers, from 1; blank lines count but get no answer");

/** An error line of a stream. */
export const streamErrorLine = z
  .strictObject({ line: lineNumber, ref: ref.optional(), error: textError })
  .meta({
    id: "StreamErrorLine",
    description:
      "Why this line has no answer; the stream goes on. When `not_ready` (the service stops) or `request_timeout` " +
      "(no line came, or the answers were not read) ends the stream, it is the last line, and `line` is where to go on.",
  });

/** One line of the answer to `POST /api/analyze/stream`. */
export const streamResponseLine = z
  .union([analyzeResponse.extend({ line: lineNumber, ref: ref.optional() }), streamErrorLine])
  .meta({ id: "StreamResponseLine" });

/** `GET /healthz` and `GET /readyz` when all is well. */
export const healthResponse = z.strictObject({ status: z.literal("ok") }).meta({ id: "Health" });

/** One endpoint of the HTTP API. */
export interface Endpoint {
  readonly method: "get" | "post" | "delete";
  readonly path: (typeof paths)[keyof typeof paths];
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /**
   * Media type of `body`. JSON is parsed and validated before the handler; of anything else the handler reads the
   * stream itself, and `body` describes one line of it.
   *
   * @default "application/json"
   */
  readonly requestType?: "application/json" | "application/x-ndjson";
  /** Largest JSON body. A stream has no limit but its handler's. @default {@link maxBodyBytes} */
  readonly maxBodyBytes?: number;
  /** Requests that may be received and answered at once; the next is refused with `queue_full`. @default no bound */
  readonly maxAtOnce?: number;
  /** Takes the header {@link deadlineHeader}. */
  readonly deadline?: true;
  /** Needs the API key where one is set. */
  readonly writes?: true;
  /** Status of success. */
  readonly status: 200 | 204;
  /** Body of success: a schema (sent as JSON), or the media type of a text. */
  readonly response?: z.ZodType | string;
  /** Media type of `response` where it is a schema; of a stream, `response` describes one line. @default JSON */
  readonly responseType?: "application/x-ndjson";
  /** Codes that this endpoint can answer with, beside those of {@link endpointErrors}. */
  readonly errors: readonly ErrorCode[];
}

/** Codes that every request can be answered with, whatever it asks for. */
export const edgeErrors = [
  "malformed_request",
  "headers_too_large",
  "expectation_failed",
  "request_timeout",
  "internal",
] as const satisfies readonly ErrorCode[];

/** Every code that an endpoint can answer with, each once. */
export function endpointErrors(endpoint: Endpoint): ErrorCode[] {
  // A stream's lines are refused one by one, after its status was sent.
  const body: readonly ErrorCode[] =
    endpoint.requestType === "application/x-ndjson"
      ? ["unsupported_media_type"]
      : ["invalid_request", "body_too_large", "unsupported_media_type"];
  return [
    ...new Set<ErrorCode>([
      ...endpoint.errors,
      ...(endpoint.body === undefined ? [] : body),
      ...(endpoint.deadline ? (["invalid_request"] as const) : []),
      ...(endpoint.writes ? (["unauthorized", "rate_limited"] as const) : []),
      ...edgeErrors,
    ]),
  ];
}

/** The HTTP API. Validation, the OpenAPI document and the page's client are all built from this table. */
export const endpoints = {
  analyze: {
    method: "post",
    path: paths.analyze,
    summary: "Classify a text and record the answer",
    body: analyzeRequest,
    deadline: true,
    writes: true,
    status: 200,
    response: analyzeResponse,
    errors: [
      "invalid_json",
      "invalid_request",
      "text_empty",
      "text_too_long",
      "body_too_large",
      "unsupported_media_type",
      "rate_limited",
      "queue_full",
      "deadline_exceeded",
      "inference_failed",
      "not_ready",
    ],
  },
  analyzeBatch: {
    method: "post",
    path: paths.analyzeBatch,
    summary: `Classify up to ${maxBatchTexts} texts and record the answers; one text's failure is that text's alone`,
    body: batchRequest,
    maxBodyBytes: maxBatchBodyBytes,
    maxAtOnce: maxBatchesAtOnce,
    deadline: true,
    writes: true,
    status: 200,
    response: batchResponse,
    errors: [
      "invalid_json",
      "invalid_request",
      "body_too_large",
      "unsupported_media_type",
      "rate_limited",
      "queue_full",
      "not_ready",
    ],
  },
  analyzeStream: {
    method: "post",
    path: paths.analyzeStream,
    summary:
      "Classify any number of texts, one JSON object a line, and record the answers, which come in the order of the lines",
    requestType: "application/x-ndjson",
    body: streamRequestLine,
    maxAtOnce: maxStreamsAtOnce,
    writes: true,
    status: 200,
    responseType: "application/x-ndjson",
    response: streamResponseLine,
    errors: ["unsupported_media_type", "rate_limited", "queue_full", "not_ready"],
  },
  listHistory: {
    method: "get",
    path: paths.history,
    summary: "Past answers, newest first",
    query: historyQuery,
    status: 200,
    response: historyResponse,
    errors: ["invalid_request", "queue_full", "history_unavailable"],
  },
  getHistoryEntry: {
    method: "get",
    path: paths.historyEntry,
    summary: "One past answer",
    params: historyEntryParams,
    status: 200,
    response: historyEntry,
    errors: ["invalid_request", "history_entry_not_found", "history_unavailable"],
  },
  deleteHistoryEntry: {
    method: "delete",
    path: paths.historyEntry,
    summary: "Delete one past answer",
    params: historyEntryParams,
    writes: true,
    status: 204,
    errors: ["invalid_request", "history_entry_not_found", "history_unavailable"],
  },
  model: {
    method: "get",
    path: paths.model,
    summary: "What is served: labels, figures, limits, training data and its terms",
    status: 200,
    response: modelResponse,
    errors: ["not_ready"],
  },
  healthz: {
    method: "get",
    path: paths.healthz,
    summary: "Alive: the process answers",
    status: 200,
    response: healthResponse,
    errors: [],
  },
  readyz: {
    method: "get",
    path: paths.readyz,
    summary: "Ready: model verified, warmed up, golden inputs answered as the manifest says",
    status: 200,
    response: healthResponse,
    errors: ["not_ready"],
  },
  metrics: {
    method: "get",
    path: paths.metrics,
    summary: "Prometheus metrics",
    status: 200,
    response: "text/plain",
    errors: [],
  },
  openapi: {
    method: "get",
    path: paths.openapi,
    summary: "This API as an OpenAPI 3.1 document",
    status: 200,
    response: z.looseObject({ openapi: z.string() }),
    errors: [],
  },
} as const satisfies Record<string, Endpoint>;

export type AnalyzeRequest = z.infer<typeof analyzeRequest>;
export type AnalyzeResponse = z.infer<typeof analyzeResponse>;
export type TextError = z.infer<typeof textError>;
export type BatchRequest = z.infer<typeof batchRequest>;
export type BatchResponse = z.infer<typeof batchResponse>;
export type StreamRequestLine = z.infer<typeof streamRequestLine>;
export type StreamResponseLine = z.infer<typeof streamResponseLine>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type HistoryQuery = z.infer<typeof historyQuery>;
export type HistoryPage = z.infer<typeof historyResponse>;
export type ModelResponse = z.infer<typeof modelResponse>;
export type ErrorResponse = z.infer<typeof errorResponse>;
