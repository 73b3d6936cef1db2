import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { modelPrefix, servedModel } from "@berth/contract";
import { HuggingFaceTokenizer } from "../src/adapters/huggingface-tokenizer";
import { ProcessInferenceRuntime } from "../src/adapters/process-inference-runtime";
import { clean } from "../src/domain/clean";
import { softmax } from "../src/domain/softmax";
import { inferenceSetup } from "../src/model/load-model";
import { verifyFolder } from "../src/model/verify-model";
import type { VerifiedModel } from "../src/ports/model-registry";

interface Reference {
  readonly raw: string;
  readonly text: string;
  readonly ids: number[];
  readonly probabilities: Record<ProcessorKind, number[]>;
}

/** Kinds of processors on which ONNX Runtime takes different kernels, and Python was asked. */
const kinds = ["avx512-vnni", "avx2"] as const;
type ProcessorKind = (typeof kinds)[number];

/** The kind of this machine; undefined if it is none of those. */
function thisKind(): ProcessorKind | undefined {
  const file = "/proc/cpuinfo";
  const flags = new Set(existsSync(file) ? readFileSync(file, "utf8").split(/\s+/) : []);
  if (flags.has("avx512_vnni")) return "avx512-vnni";
  const isNewer = flags.has("avx512f") || flags.has("avx_vnni");
  return flags.has("avx2") && !isNewer ? "avx2" : undefined;
}

/** Largest difference of a probability. */
function distance(one: readonly number[], other: readonly number[]): number {
  return Math.max(...one.map((value, i) => Math.abs(value - other[i]!)));
}

const within = 1e-3;

/**
 * Another kind of processor sums in another order, and a value on the border between two steps of int8 then falls to the
 * other side: so few texts may be off, by so much, where Python was not asked on the same kind.
 */
const elsewhere = { texts: 0.05, within: 0.02 };

/** What Python's transformers and onnxruntime gave on the same files; service/model/README.md says how it is made. */
const references = (
  JSON.parse(
    gunzipSync(readFileSync(join(__dirname, "fixtures", "parity.json.gz"))).toString("utf8"),
  ) as {
    texts: Reference[];
  }
).texts;

let model: VerifiedModel;
let tokenizer: HuggingFaceTokenizer;
let runtime: ProcessInferenceRuntime;

beforeAll(async () => {
  model = await verifyFolder(join(__dirname, "..", "model", modelPrefix(servedModel)), servedModel);
  tokenizer = await HuggingFaceTokenizer.load(model.folder, model.manifest);
  runtime = new ProcessInferenceRuntime({
    entryFile: join(__dirname, "..", "dist", "inference-process.js"),
    processes: 1,
    setup: inferenceSetup(model, 1),
  });
  await runtime.start();
}, 30_000);
afterAll(() => runtime.close());

describe("the same answers as Python's transformers and onnxruntime", () => {
  it("are held against at least 200 texts, some of them longer than the model takes", () => {
    expect(references.length).toBeGreaterThanOrEqual(200);
    expect(
      references.filter(({ ids }) => ids.length === model.manifest.maxTokens).length,
    ).toBeGreaterThan(3);
  });

  it("clean each text to the same", () => {
    for (const { raw, text } of references) expect(clean(raw)).toBe(text);
  });

  it("give each text the same tokens", async () => {
    for (const { text, ids } of references)
      expect([...(await tokenizer.encode(text)).ids]).toEqual(ids);
  });

  it("give each text the same probabilities, within 0.001 of Python's on the same kind of processor", async () => {
    const kind = thisKind();
    const distances: number[] = [];
    for (const { ids, probabilities } of references)
      distances.push(distance(await scoresOf(ids), probabilities[kind ?? kinds[0]]));
    expect(Math.max(...distances)).toBeLessThan(kind === undefined ? elsewhere.within : within);
    const off = distances.filter((one) => one >= within).length;
    expect(off / distances.length).toBeLessThanOrEqual(elsewhere.texts);
  }, 60_000);

  it("differ from one kind of processor to another on few texts, and little, but by more than that", () => {
    const distances = references.map(({ probabilities }) =>
      distance(probabilities["avx512-vnni"], probabilities.avx2),
    );
    const off = distances.filter((one) => one >= within).length;
    expect(off).toBeGreaterThan(0);
    expect(off / distances.length).toBeLessThanOrEqual(elsewhere.texts);
    expect(Math.max(...distances)).toBeLessThan(elsewhere.within);
  });

  it("fail where a single token differs", async () => {
    const { ids, probabilities } = references.find(
      (one) => one.ids.length > 10 && one.ids.length < 40,
    )!;
    const changed = [...ids];
    changed.fill(model.manifest.tokens.unk, 1, changed.length - 1);
    const scores = await scoresOf(changed);
    for (const kind of kinds)
      expect(distance(scores, probabilities[kind])).toBeGreaterThan(elsewhere.within);
  });
});

async function scoresOf(ids: readonly number[]): Promise<number[]> {
  const [logits] = await runtime.run([Int32Array.from(ids)]);
  return [...softmax(logits!, model.manifest.temperature)];
}
