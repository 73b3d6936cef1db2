import { ServiceError } from "../../domain/service-error";
import type { HandlerDependencies, Handlers } from "../handlers";
import { observeAnswer } from "../observe-answer";
import { sendJson } from "../send-json";

/** One text a request. */
export function analyzeHandlers({
  analyzer,
  metrics,
  clock,
}: HandlerDependencies): Pick<Handlers, "analyze"> {
  return {
    async analyze({ body, arrivedAt, deadlineMs }, _request, response) {
      const left = new AbortController();
      response.once("close", () => {
        // An answer that is out ends its response too; an error and an abort a request would be for nothing.
        if (!response.writableFinished) left.abort(new ServiceError("request_timeout"));
      });
      const answer = await analyzer.analyze(body.text, {
        arrivedAt,
        deadline: arrivedAt + deadlineMs,
        signal: left.signal,
        trace: response.locals.trace,
      });
      sendJson(response, answer);
      observeAnswer(metrics, answer, "interactive", clock.now() - arrivedAt);
    },
  };
}
