import { answerStages } from "@berth/contract";
import type { AnalyzeResponse, Lane } from "@berth/contract";
import type { ServiceMetrics } from "./service-metrics";

/** Counts an answer, however its text came, in every metric of predictions. */
export function observeAnswer(
  metrics: ServiceMetrics,
  answer: AnalyzeResponse,
  lane: Lane,
  latencyMs: number,
): void {
  metrics.observe("predictionLatency", latencyMs / 1000, { lane });
  metrics.add("predictions", 1, { label: answer.label, model_version: answer.model.version });
  metrics.observe("predictionConfidence", answer.confidence);
  metrics.observe("predictionTokens", answer.tokens.used);
  for (const stage of answerStages)
    metrics.observe("predictionStage", answer.timingsMs[stage] / 1000, { stage });
}
