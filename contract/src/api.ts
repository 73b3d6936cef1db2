import { z } from "zod";
import { errorCodes } from "./errors";
import { historyPage, maxTextCharacters } from "./limits";
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

/** `POST /api/analyze`: the text to classify. */
export const analyzeRequest = z
  .strictObject({
    text: z
      .string()
      .max(maxTextCharacters)
      .meta({
        description: `The text, HTML allowed; at most ${maxTextCharacters} UTF-16 code units`,
        example: "Stocks fell sharply on Monday after the central bank raised interest rates.",
      }),
  })
  .meta({ id: "AnalyzeRequest" });

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
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(historyPage.max)
    .default(historyPage.default)
    .describe("Entries on the page"),
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

/** The body of every error. */
export const errorResponse = z
  .strictObject({
    error: z.strictObject({
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
      requestId: z.string(),
    }),
  })
  .meta({ id: "Error" });

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
  /** Status of success. */
  readonly status: 200 | 204;
  /** Body of success: a schema (sent as JSON), or the media type of a text. */
  readonly response?: z.ZodType | string;
  /** Codes that this endpoint can answer with, beside `internal`. */
  readonly errors: readonly ErrorCode[];
}

/** The HTTP API. Validation, the OpenAPI document and the page's client are all built from this table. */
export const endpoints = {
  analyze: {
    method: "post",
    path: paths.analyze,
    summary: "Classify a text and record the answer",
    body: analyzeRequest,
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
  listHistory: {
    method: "get",
    path: paths.history,
    summary: "Past answers, newest first",
    query: historyQuery,
    status: 200,
    response: historyResponse,
    errors: ["invalid_request", "history_unavailable"],
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
export type HistoryEntry = z.infer<typeof historyEntry>;
export type HistoryQuery = z.infer<typeof historyQuery>;
export type HistoryPage = z.infer<typeof historyResponse>;
export type ModelResponse = z.infer<typeof modelResponse>;
export type ErrorResponse = z.infer<typeof errorResponse>;
