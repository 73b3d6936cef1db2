import { readFileSync } from "node:fs";
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
  readonly logits: number[];
  readonly probabilities: number[];
}

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

  it("give each text the same probabilities, within 0.001", async () => {
    const { temperature } = model.manifest;
    let largest = 0;
    for (const { ids, probabilities } of references) {
      const [logits] = await runtime.run([Int32Array.from(ids)]);
      softmax(logits!, temperature).forEach((score, i) => {
        largest = Math.max(largest, Math.abs(score - probabilities[i]!));
      });
    }
    expect(largest).toBeLessThan(1e-3);
  }, 60_000);

  it("fail where a single token differs", async () => {
    const { ids, probabilities } = references.find(
      (one) => one.ids.length > 10 && one.ids.length < 40,
    )!;
    const changed = Int32Array.from(ids);
    changed.fill(model.manifest.tokens.unk, 1, changed.length - 1);
    const [logits] = await runtime.run([changed]);
    const scores = softmax(logits!, model.manifest.temperature);
    expect(
      Math.max(...scores.map((score, i) => Math.abs(score - probabilities[i]!))),
    ).toBeGreaterThan(1e-3);
  });
});
