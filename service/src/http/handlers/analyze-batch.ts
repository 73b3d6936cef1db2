import { setMaxListeners } from "node:events";
import type { BatchResponse } from "@berth/contract";
import { ServiceError } from "../../domain/service-error";
import { answerText } from "../answer-text";
import type { HandlerDependencies, Handlers } from "../handlers";
import { settledBy } from "../settled-by";

/** Many texts a request, each with an answer or an error of its own. */
export function analyzeBatchHandlers({
  analyzer,
  metrics,
  rate,
  clock,
}: HandlerDependencies): Pick<Handlers, "analyzeBatch"> {
  return {
    async analyzeBatch({ body, arrivedAt, deadlineMs }, request, response) {
      analyzer.assertReady();
      rate.charge(request, body.texts.length, 1);

      const deadline = arrivedAt + deadlineMs;
      const ended = new AbortController();
      const { signal } = ended;
      // One for each text.
      setMaxListeners(0, signal);
      const left = new ServiceError("request_timeout");
      response.once("close", () => ended.abort(left));
      const cancel = clock.schedule(Math.max(0, deadline - clock.now()), () =>
        ended.abort(new ServiceError("deadline_exceeded")),
      );
      const analyze = async (text: string) => {
        const place = await analyzer.takePlace(signal);
        return analyzer.analyze(text, { arrivedAt, deadline, signal, place });
      };
      const results: BatchResponse["results"] = await Promise.all(
        body.texts.map((text) =>
          answerText(
            metrics,
            request,
            settledBy(signal, analyze(text)),
            () => signal.reason === left,
          ),
        ),
      ).finally(cancel);
      response.json({ results } satisfies BatchResponse);
    },
  };
}
