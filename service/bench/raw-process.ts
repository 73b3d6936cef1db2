import { OnnxSession } from "../src/inference/onnx-session";
import type { Setup } from "../src/inference/protocol";
import { median } from "./figures";

// One process of the raw limit: the model in ONNX Runtime and nothing else. It has its texts beforehand and runs them over
// and over.

/** To a raw process. */
export type ToRawProcess =
  | Setup
  | { readonly kind: "texts"; readonly ids: readonly Int32Array[] }
  /** Texts one at a time, for the time that one takes. */
  | { readonly kind: "singles"; readonly count: number }
  /** Batches of texts that follow each other in the sorted list, for the rate. */
  | { readonly kind: "batches"; readonly size: number; readonly durationMs: number };

/** From a raw process. */
export type FromRawProcess =
  | { readonly kind: "ready" }
  | { readonly kind: "singles"; readonly p50Ms: number }
  | { readonly kind: "batches"; readonly texts: number; readonly tookMs: number };

let session: OnnxSession;
let ids: readonly Int32Array[] = [];
/** Where the last run of batches ended, so that every length has its turn however short the runs are. */
let at = 0;

async function singles(count: number): Promise<FromRawProcess> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await session.run([ids[i % ids.length]!]);
    times.push(performance.now() - startedAt);
  }
  return { kind: "singles", p50Ms: median(times) };
}

async function batches(size: number, durationMs: number): Promise<FromRawProcess> {
  const sorted = [...ids].sort((a, b) => a.length - b.length);
  const parts = Array.from({ length: Math.ceil(sorted.length / size) }, (_, i) =>
    sorted.slice(i * size, (i + 1) * size),
  );
  // Spread over the lengths: whatever part of the list a run gets through, it is a fair sample of it.
  const order = parts.map((_, i) => parts[(i * 7919) % parts.length]!);
  const startedAt = performance.now();
  let texts = 0;
  while (performance.now() - startedAt < durationMs) {
    const batch = order[at++ % order.length]!;
    await session.run(batch);
    texts += batch.length;
  }
  return { kind: "batches", texts, tookMs: performance.now() - startedAt };
}

async function answer(message: ToRawProcess): Promise<FromRawProcess> {
  if (message.kind === "singles") return singles(message.count);
  if (message.kind === "batches") return batches(message.size, message.durationMs);
  if (message.kind === "setup") session = await OnnxSession.load(message);
  else ids = message.ids;
  return { kind: "ready" };
}

process.on("message", (message: ToRawProcess) => {
  void answer(message).then((reply) => process.send!(reply));
});
process.on("disconnect", () => process.exit());
