import { maxTextCharacters, stages } from "@berth/contract";
import type { AnalyzeRequest, HistoryQuery, ModelResponse, endpoints } from "@berth/contract";
import type { Request, Response } from "express";
import type { Analyzer } from "../analysis/analyzer";
import { servedLabels } from "../analysis/served-model";
import type { ServedModel } from "../analysis/served-model";
import { ServiceError } from "../domain/service-error";
import type { HistoryRecorder } from "../history/history-recorder";
import type { Clock } from "../ports/clock";
import type { HistoryStore } from "../ports/history-store";
import { openApiDocument } from "./openapi";
import type { ServiceMetrics } from "./service-metrics";

/** A request after validation. */
export interface Valid {
  readonly params: { readonly id: string };
  readonly query: HistoryQuery;
  readonly body: AnalyzeRequest;
  readonly arrivedAt: number;
}

/** Answers a valid request; what it throws is answered by the error table. */
export type Handler = (valid: Valid, request: Request, response: Response) => Promise<void> | void;

export interface HandlerOptions {
  readonly analyzer: Analyzer;
  readonly history: HistoryStore;
  readonly recorder: HistoryRecorder;
  readonly metrics: ServiceMetrics;
  readonly clock: Clock;
  readonly version: string;
  /** The model while it is ready and traffic is taken. */
  readonly tryModel: () => ServedModel | undefined;
}

/** How long a read of the history waits for answers that are being written. */
const settleMs = 200;

/** One handler an endpoint of the contract. */
export function createHandlers(options: HandlerOptions): Record<keyof typeof endpoints, Handler> {
  const { analyzer, history, recorder, metrics, clock, tryModel } = options;
  const document = openApiDocument(options.version);

  const readyModel = (): ServedModel => {
    const model = tryModel();
    if (model === undefined) throw new ServiceError("not_ready");
    return model;
  };

  return {
    async analyze({ body, arrivedAt }, _request, response) {
      const left = new AbortController();
      response.once("close", () => left.abort(new ServiceError("request_timeout")));
      const answer = await analyzer.analyze(body.text, { arrivedAt, signal: left.signal });
      response.json(answer);
      metrics.observe("predictionLatency", (clock.now() - arrivedAt) / 1000);
      metrics.add("predictions", 1, { label: answer.label, model_version: answer.model.version });
      metrics.observe("predictionConfidence", answer.confidence);
      metrics.observe("predictionTokens", answer.tokens.used);
      for (const stage of stages)
        metrics.observe("predictionStage", answer.timingsMs[stage] / 1000, { stage });
    },

    async listHistory({ query }, _request, response) {
      await recorder.settle(settleMs);
      response.json(await history.list(query));
    },

    async getHistoryEntry({ params }, _request, response) {
      await recorder.settle(settleMs);
      const entry = await history.tryGet(params.id);
      if (entry === undefined) throw new ServiceError("history_entry_not_found");
      response.json(entry);
    },

    async deleteHistoryEntry({ params }, _request, response) {
      await recorder.settle(settleMs);
      // An entry that is not stored yet would come back after the delete.
      if (recorder.has(params.id)) throw new ServiceError("history_unavailable");
      if (!(await history.delete(params.id))) throw new ServiceError("history_entry_not_found");
      response.status(204).end();
    },

    model(_valid, _request, response) {
      const { manifest, manifestSha256 } = readyModel();
      const { accuracy, macroF1, ece, dataset, rows, fp32 } = manifest.evaluation;
      const body: ModelResponse = {
        name: manifest.name,
        version: manifest.version,
        manifestSha256,
        createdAt: manifest.createdAt,
        architecture: manifest.architecture,
        labels: [...servedLabels(manifest)],
        maxTokens: manifest.maxTokens,
        maxTextCharacters,
        cleaningVersion: manifest.cleaningVersion,
        temperature: manifest.temperature,
        unsureBelow: manifest.unsureBelow,
        evaluation: {
          accuracy,
          macroF1,
          ece,
          dataset,
          rows,
          fp32: { accuracy: fp32.accuracy, macroF1: fp32.macroF1, ece: fp32.ece },
        },
        training: {
          base: manifest.training.base,
          dataset: manifest.training.dataset,
          rows: manifest.training.rows,
          terms: manifest.training.terms,
        },
        licence: manifest.licence,
      };
      response.json(body);
    },

    healthz(_valid, _request, response) {
      response.json({ status: "ok" });
    },

    readyz(_valid, _request, response) {
      if (readyModel().runtime.ready() === 0) throw new ServiceError("not_ready");
      response.json({ status: "ok" });
    },

    async metrics(_valid, _request, response) {
      const { contentType, body } = await metrics.expose();
      response.set("Content-Type", contentType).send(body);
    },

    openapi(_valid, _request, response) {
      response.json(document);
    },
  };
}
