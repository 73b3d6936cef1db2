import type { ModelArtifact, ModelManifest } from "@berth/contract";

/** A model version, every file of which was seen to have its manifest's sha256. */
export interface VerifiedModel {
  readonly manifest: ModelManifest;
  readonly manifestSha256: string;
  /** Folder that holds the version's files. */
  readonly folder: string;
}

/** What names a version and pins its content. */
export type ModelPin = Pick<ModelArtifact, "name" | "version" | "manifestSha256">;

/** Where model versions come from. */
export interface ModelRegistry {
  /**
   * Brings a version to a local folder and verifies it.
   *
   * @throws {ModelRefusedError} if a file is missing, or is not what the pin and the manifest say
   * @throws {ModelUnavailableError} if the source cannot be reached
   */
  fetch(pin: ModelPin, signal: AbortSignal): Promise<VerifiedModel>;
}

/** The model is there but is not the one that was asked for. */
export class ModelRefusedError extends Error {
  override readonly name = "ModelRefusedError";
}

/** The model's source cannot be reached now; trying again may help. */
export class ModelUnavailableError extends Error {
  override readonly name = "ModelUnavailableError";
}
