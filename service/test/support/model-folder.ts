import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manifestFile, modelFiles, modelKey, modelPrefix, servedModel } from "@berth/contract";
import type { ModelFile, ModelManifest } from "@berth/contract";
import type { ModelPin } from "../../src/ports/model-registry";
import { onnxFile } from "./onnx-file";

const bundled = join(__dirname, "..", "..", "model");

/** A model version with its manifest and its pin, in memory. */
export interface SmallModel {
  readonly pin: ModelPin;
  readonly files: Readonly<Record<ModelFile | typeof manifestFile, Buffer>>;
}

export const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Bytes without a pattern, the same for a seed in every run. */
export const noise = (bytes: number, seed = 1): Buffer =>
  createHash("shake256", { outputLength: bytes }).update(String(seed)).digest();

/**
 * A model of a few kilobytes that passes every check which comes before loading.
 *
 * @param change what the manifest says, last; its pin fits in any case
 */
export function smallModel(
  files: Partial<Record<ModelFile, Buffer>> = {},
  change: (manifest: Record<string, unknown>) => unknown = () => undefined,
): SmallModel {
  const contents: Record<ModelFile, Buffer> = {
    "model.onnx": onnxFile({ tensors: [{ name: "weights", bytes: noise(20_000) }] }),
    "tokenizer.json": Buffer.from('{"version":"1.0"}\n'),
    "config.json": Buffer.from('{"model_type":"bert"}\n'),
    ...files,
  };
  const original = readFileSync(join(bundled, modelKey(servedModel, manifestFile)), "utf8");
  const manifest = {
    ...(JSON.parse(original) as ModelManifest),
    name: "small",
    files: Object.fromEntries(
      modelFiles.map((file) => [
        file,
        { sha256: sha256Of(contents[file]), bytes: contents[file].length },
      ]),
    ),
  };
  const changed = change(manifest) ?? manifest;
  const bytes = Buffer.from(typeof changed === "string" ? changed : JSON.stringify(changed));
  return {
    pin: { name: "small", version: manifest.version, manifestSha256: sha256Of(bytes) },
    files: { ...contents, [manifestFile]: bytes },
  };
}

/** Writes a model below `root`. @returns its folder */
export function writeModel(root: string, { pin, files }: SmallModel): string {
  const folder = join(root, modelPrefix(pin));
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}
