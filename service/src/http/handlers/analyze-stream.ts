import { setMaxListeners } from "node:events";
import { streamIdleMs } from "@berth/contract";
import { ServiceError } from "../../domain/service-error";
import type { HandlerDependencies, Handlers } from "../handlers";
import { TextStream } from "../text-stream";

/** Any number of texts a request, line by line. */
export function analyzeStreamHandlers(
  dependencies: HandlerDependencies,
): Pick<Handlers, "analyzeStream"> {
  const { analyzer, stopping } = dependencies;
  // Each open stream is one.
  setMaxListeners(0, stopping);
  return {
    async analyzeStream(_valid, request, response) {
      const { "content-encoding": encoding = "identity" } = request.headers;
      if (encoding.toLowerCase() !== "identity")
        throw new ServiceError("unsupported_media_type", {
          details: [{ path: "", message: "Content-Encoding must be identity for a stream" }],
        });
      if (stopping.aborted) throw new ServiceError("not_ready");
      analyzer.assertReady();
      const idleMs = dependencies.streamIdleMs ?? streamIdleMs;
      await new TextStream({ ...dependencies, request, response, idleMs }).run();
    },
  };
}
