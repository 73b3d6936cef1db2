import { maxTextCharacters } from "@berth/contract";
import type { ModelResponse } from "@berth/contract";
import { servedLabels } from "../../analysis/served-model";
import type { ServedModel } from "../../analysis/served-model";
import { ServiceError } from "../../domain/service-error";
import type { HandlerDependencies, Handlers } from "../handlers";
import { openApiDocument } from "../openapi";

/** What the service says about itself. */
export function serviceHandlers({
  metrics,
  version,
  secured,
  tryModel,
  stopping,
}: HandlerDependencies): Pick<Handlers, "model" | "healthz" | "readyz" | "metrics" | "openapi"> {
  // Written once: it never changes, and writing it takes as long as a hundred smaller answers.
  const document = JSON.stringify(openApiDocument(version, secured));

  const readyModel = (): ServedModel => {
    const model = tryModel();
    if (model === undefined) throw new ServiceError("not_ready");
    return model;
  };

  return {
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
      if (stopping.aborted || readyModel().runtime.ready() === 0)
        throw new ServiceError("not_ready");
      response.json({ status: "ok" });
    },

    async metrics(_valid, _request, response) {
      const { contentType, body } = await metrics.expose();
      response.set("Content-Type", contentType).send(body);
    },

    openapi(_valid, _request, response) {
      response.type("json").send(document);
    },
  };
}
