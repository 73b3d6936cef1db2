/** The prefix under which every model lies, in the bucket and in a local model folder alike. */
export const modelsPrefix = "models";

/** The manifest's file name. It holds the sha256 of every other file of its version. */
export const manifestFile = "manifest.json";

/** The files of one model version beside its manifest. */
export const modelFiles = ["model.onnx", "tokenizer.json", "config.json"] as const;

/** One file of a model version. */
export type ModelFile = (typeof modelFiles)[number];

/** What identifies one immutable model version. */
export interface ModelArtifact {
  /** Lower-case name, one path segment. */
  readonly name: string;
  /** Semantic version, one path segment. */
  readonly version: string;
  /** Labels in the order of the logits. */
  readonly labels: readonly [string, string, ...string[]];
  /** sha256 of `manifest.json`, 64 lower-case hex digits. Through it, of every file. */
  readonly manifestSha256: string;
}

/**
 * The key prefix of one model version, with its closing slash: the same in S3, in IAM and on disk.
 *
 * @example `models/ag-news-minilm/1.0.0/`
 */
export function modelPrefix(model: Pick<ModelArtifact, "name" | "version">): string {
  return `${modelsPrefix}/${model.name}/${model.version}/`;
}

/** The key of one file of a model version. */
export function modelKey(
  model: Pick<ModelArtifact, "name" | "version">,
  file: ModelFile | typeof manifestFile,
): string {
  return modelPrefix(model) + file;
}
