import { yieldToRequests } from "./adapters/yield-to-requests";
import { OnnxSession } from "./inference/onnx-session";
import type { FromProcess, RunBatch, Setup, ToProcess } from "./inference/protocol";

// One inference process: one ONNX Runtime session, which computes on this process's only thread. The service replaces
// the process when it dies or hangs; it ends by itself when the service is gone.

let session: OnnxSession | undefined;

function send(message: FromProcess): void {
  process.send?.(message);
}

async function load(setup: Setup): Promise<void> {
  session = await OnnxSession.load(setup);
  send({ kind: "ready" });
}

async function run({ id, batch }: RunBatch): Promise<void> {
  try {
    if (session === undefined) throw new Error("no model is loaded yet");
    send({ kind: "done", id, logits: await session.run(batch) });
  } catch (error) {
    send({ kind: "failed", id, message: (error as Error).message });
  }
}

yieldToRequests();
process.on("message", (message: ToProcess) => {
  if (message.kind === "run") void run(message);
  else
    load(message).catch((error: Error) => {
      send({ kind: "failed", id: null, message: error.message });
      process.exitCode = 1;
      process.disconnect();
    });
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches the whole process group; the service decides when this process ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
