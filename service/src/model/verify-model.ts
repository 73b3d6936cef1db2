import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { manifestFile, modelFiles, modelManifest, modelPrefix } from "@berth/contract";
import type { ModelManifest } from "@berth/contract";
import { cleaningVersion } from "../domain/clean";
import { ModelRefusedError } from "../ports/model-registry";
import type { ModelPin, VerifiedModel } from "../ports/model-registry";
import { graphFaults } from "./graph-faults";
import { readOnnxGraph } from "./onnx-graph";
import { NotPlainFileError, assertPlainFolder, handleSha256, openPlainFile } from "./plain-file";

/** Most bytes of a manifest: it is read into memory before its digest is known. */
export const maxManifestBytes = 1024 * 1024;

/** A file that is larger than twice its size and this is not read: its digest would only cost time. */
const spareBytes = 1024 * 1024;

/** What the manifest says of one file. */
export interface ExpectedFile {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Reads a manifest and holds it against its pin.
 *
 * @param bytes of manifest.json
 * @throws {ModelRefusedError} with expected and actual values
 */
export function verifyManifest(bytes: Uint8Array, pin: ModelPin): ModelManifest {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== pin.manifestSha256)
    throw new ModelRefusedError(
      `${manifestFile} of ${pin.name} ${pin.version} has sha256 ${sha256}, expected ${pin.manifestSha256}`,
    );
  const manifest = parseManifest(bytes);
  if (manifest.name !== pin.name || manifest.version !== pin.version)
    throw new ModelRefusedError(
      `${manifestFile} is of ${manifest.name} ${manifest.version}, expected ${pin.name} ${pin.version}`,
    );
  if (manifest.cleaningVersion !== cleaningVersion)
    throw new ModelRefusedError(
      `${pin.name} ${pin.version} was trained on texts cleaned by version ${manifest.cleaningVersion}, ` +
        `but this service cleans by version ${cleaningVersion}: retrain it, or serve it with the release that fits`,
    );
  return manifest;
}

/**
 * Checks every file of a version in its folder, and that the graph is one that the manifest describes and that is
 * complete in itself. Nothing of it is loaded.
 *
 * @param folder that ends with the version's prefix
 * @throws {ModelRefusedError} naming each file that is missing or differs, with expected and actual values
 */
export async function verifyFolder(folder: string, pin: ModelPin): Promise<VerifiedModel> {
  await refuseLinkedFolders(folder, pin);
  const manifest = verifyManifest(await readManifest(join(folder, manifestFile)), pin);
  const faults: string[] = [];
  for (const name of modelFiles) {
    const fault = await fileFault(
      join(folder, name),
      manifest.files[name],
      async (handle, bytes) =>
        name === "model.onnx" ? graphFaultOf(handle, bytes, manifest) : undefined,
    );
    if (fault !== undefined) faults.push(`${name} ${fault}`);
  }
  if (faults.length > 0)
    throw new ModelRefusedError(`${pin.name} ${pin.version} in ${folder}: ${faults.join("; ")}`);
  return { manifest, manifestSha256: pin.manifestSha256, folder };
}

/**
 * The version's folder and those above it up to the registry's root must be folders themselves. The root is the
 * operator's, and may be a link.
 *
 * @param folder that ends with the version's prefix
 * @throws {ModelRefusedError} naming the first that is something else
 */
export async function refuseLinkedFolders(
  folder: string,
  pin: ModelPin,
  { mayBeMissing = false } = {},
): Promise<void> {
  const depth = modelPrefix(pin).split("/").filter(Boolean).length;
  // Of a name that ends with a slash, a link is followed.
  const chain = [resolve(folder)];
  while (chain.length < depth) chain.unshift(dirname(chain[0]!));
  for (const one of chain)
    await assertPlainFolder(one).catch((error: NotPlainFileError) => {
      if (error.isMissing && mayBeMissing) return;
      throw new ModelRefusedError(`${pin.name} ${pin.version}: ${one} ${error.message}`);
    });
}

/**
 * What is wrong with one file, or `undefined` if it is the one that the manifest describes.
 *
 * @param look at the file once its digest is right; returns what is wrong with it
 */
export async function fileFault(
  path: string,
  expected: ExpectedFile,
  look?: (handle: FileHandle, bytes: number) => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    const { handle, bytes } = await openPlainFile(path);
    try {
      const mayBeHashed = bytes <= 2 * expected.bytes + spareBytes;
      const sha256 = mayBeHashed ? await handleSha256(handle) : undefined;
      if (bytes === expected.bytes && sha256 === expected.sha256)
        return await look?.(handle, bytes);
      const size =
        bytes === expected.bytes ? "" : `has ${bytes} bytes, expected ${expected.bytes}; `;
      return `${size}has sha256 ${sha256 ?? "(not taken)"}, expected ${expected.sha256}`;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof NotPlainFileError)
      return `${error.message}, expected a file with sha256 ${expected.sha256}`;
    throw error;
  }
}

async function graphFaultOf(
  handle: FileHandle,
  bytes: number,
  manifest: ModelManifest,
): Promise<string | undefined> {
  try {
    const faults = graphFaults(readOnnxGraph(handle.fd, bytes), manifest);
    return faults.length > 0 ? faults.join("; ") : undefined;
  } catch (error) {
    return `is no ONNX file: ${(error as Error).message}`;
  }
}

async function readManifest(path: string): Promise<Uint8Array> {
  try {
    const { handle, bytes } = await openPlainFile(path);
    try {
      if (bytes > maxManifestBytes)
        throw new ModelRefusedError(`${path} has ${bytes} bytes, allowed are ${maxManifestBytes}`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof NotPlainFileError) throw new ModelRefusedError(`${path} ${error.message}`);
    throw error;
  }
}

function parseManifest(bytes: Uint8Array): ModelManifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new ModelRefusedError(`${manifestFile} is not valid JSON: ${(error as Error).message}`);
  }
  const result = modelManifest.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new ModelRefusedError(`${manifestFile} is wrong: ${faults.join("; ")}`);
}
