import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { padBatch } from "./inference/pad-batch";
import type { FromProcess, RunBatch, Setup, ToProcess } from "./inference/protocol";

// One inference process: one ONNX Runtime session, which computes on this process's only thread. The service replaces
// the process when it dies or hangs; it ends by itself when the service is gone.

interface Loaded {
  readonly session: InferenceSession;
  readonly setup: Setup;
}

let loaded: Loaded | undefined;

function send(message: FromProcess): void {
  process.send?.(message);
}

async function load(setup: Setup): Promise<void> {
  const bytes = await readFile(setup.modelFile);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== setup.modelSha256)
    throw new Error(`${setup.modelFile} has sha256 ${sha256}, expected ${setup.modelSha256}`);
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: setup.threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
  });
  const missing = setup.inputs.filter((input) => !session.inputNames.includes(input));
  if (missing.length > 0 || !session.outputNames.includes(setup.output))
    throw new Error(
      `the graph has inputs ${session.inputNames.join(", ")} and outputs ${session.outputNames.join(", ")}, ` +
        `but the manifest names ${setup.inputs.join(", ")} and ${setup.output}`,
    );
  loaded = { session, setup };
  await infer([new Int32Array(16).fill(setup.padId)]);
  send({ kind: "ready" });
}

async function infer(batch: readonly Int32Array[]): Promise<Float32Array[]> {
  if (loaded === undefined) throw new Error("no model is loaded yet");
  const { session, setup } = loaded;
  const padded = padBatch(batch, setup.padId);
  const shape = [padded.texts, padded.length];
  const values: Record<string, BigInt64Array> = {
    input_ids: padded.ids,
    attention_mask: padded.mask,
    token_type_ids: padded.types,
  };
  const feeds = Object.fromEntries(
    setup.inputs.map((name) => [name, new Tensor("int64", values[name]!, shape)]),
  );
  const output = (await session.run(feeds))[setup.output]!;
  const data = output.data as Float32Array;
  const labels = output.dims[1]!;
  return batch.map((_, i) => data.slice(i * labels, (i + 1) * labels));
}

async function run({ id, batch }: RunBatch): Promise<void> {
  try {
    send({ kind: "done", id, logits: await infer(batch) });
  } catch (error) {
    send({ kind: "failed", id, message: (error as Error).message });
  }
}

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
