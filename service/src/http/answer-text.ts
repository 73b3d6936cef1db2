import { errors } from "@berth/contract";
import type { AnalyzeResponse, TextError } from "@berth/contract";
import type { Request } from "express";
import type { ServiceError } from "../domain/service-error";
import { observeAnswer } from "./observe-answer";
import { toServiceError } from "./send-error";
import type { ServiceMetrics } from "./service-metrics";

/** What one text of a batch or stream gets. */
export type TextResult = AnalyzeResponse | { readonly error: TextError };

/** An error as the answer to one text. */
export function textErrorOf({ code, details }: ServiceError): TextError {
  return { code, message: errors[code].message, details: [...details] };
}

/**
 * The answer or the error of one text of a batch or stream, counted as a single request's would be.
 *
 * @param isMoot whether nobody will read the answer any more; what `analysis` throws is then thrown on
 */
export async function answerText(
  metrics: ServiceMetrics,
  request: Request,
  analysis: Promise<AnalyzeResponse>,
  isMoot: () => boolean,
): Promise<TextResult> {
  try {
    const answer = await analysis;
    observeAnswer(metrics, answer, "bulk", answer.timingsMs.total);
    return answer;
  } catch (error) {
    if (isMoot()) throw error;
    return refuseText(metrics, request, toServiceError(error));
  }
}

/** Counts the error of one text, and logs it where the service has to answer for it. */
export function refuseText(
  metrics: ServiceMetrics,
  request: Request,
  error: ServiceError,
): { readonly error: TextError } {
  metrics.add("requestsRefused", 1, { code: error.code });
  if (error.code === "internal")
    request.log.error({ reqId: request.id, err: error.cause }, "one text failed");
  return { error: textErrorOf(error) };
}
