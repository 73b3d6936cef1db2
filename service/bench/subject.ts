import { join } from "node:path";
import { modelPrefix, servedModel } from "@berth/contract";
import { HuggingFaceTokenizer } from "../src/adapters/huggingface-tokenizer";
import { clean } from "../src/domain/clean";
import { inferenceSetup } from "../src/model/load-model";
import { verifyFolder } from "../src/model/verify-model";
import type { Setup } from "../src/inference/protocol";
import { benchTexts } from "./texts";

/** What is measured: the bundled model, and texts with the lengths of news. */
export interface Subject {
  readonly texts: readonly string[];
  /** Token ids of each text. */
  readonly ids: readonly Int32Array[];
  readonly meanTokens: number;
  readonly setup: Omit<Setup, "kind" | "threads">;
}

/** Texts of a run: enough that every length of the distribution is there many times. */
const texts = 1_000;

export async function openSubject(): Promise<Subject> {
  const folder = join(__dirname, "..", "..", "model", modelPrefix(servedModel));
  const model = await verifyFolder(folder, servedModel);
  const tokenizer = await HuggingFaceTokenizer.load(model.folder, model.manifest);
  const made = benchTexts(texts);
  const ids: Int32Array[] = [];
  for (const text of made) ids.push((await tokenizer.encode(clean(text))).ids);
  return {
    texts: made,
    ids,
    meanTokens: ids.reduce((sum, one) => sum + one.length, 0) / ids.length,
    setup: inferenceSetup(model, 1),
  };
}
