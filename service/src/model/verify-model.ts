import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { manifestFile, modelFiles, modelManifest } from "@berth/contract";
import type { ModelManifest } from "@berth/contract";
import { cleaningVersion } from "../domain/clean";
import { ModelRefusedError } from "../ports/model-registry";
import type { ModelPin, VerifiedModel } from "../ports/model-registry";

/** sha256 of a file, read as a stream. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
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
 * Checks every file of a version in its folder.
 *
 * @throws {ModelRefusedError} naming each file that is missing or differs, with expected and actual values
 */
export async function verifyFolder(folder: string, pin: ModelPin): Promise<VerifiedModel> {
  const manifest = verifyManifest(await readPlainFile(join(folder, manifestFile)), pin);
  const faults: string[] = [];
  for (const name of modelFiles) {
    const fault = await fileFault(join(folder, name), manifest.files[name]);
    if (fault !== undefined) faults.push(`${name} ${fault}`);
  }
  if (faults.length > 0)
    throw new ModelRefusedError(`${pin.name} ${pin.version} in ${folder}: ${faults.join("; ")}`);
  return { manifest, manifestSha256: pin.manifestSha256, folder };
}

/** What is wrong with one file, or `undefined` if it is the one that the manifest describes. */
export async function fileFault(
  path: string,
  expected: { sha256: string; bytes: number },
): Promise<string | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return "is missing";
  if (!stat.isFile()) return "is not a plain file";
  if (stat.size !== expected.bytes) return `has ${stat.size} bytes, expected ${expected.bytes}`;
  const sha256 = await fileSha256(path);
  return sha256 === expected.sha256
    ? undefined
    : `has sha256 ${sha256}, expected ${expected.sha256}`;
}

async function readPlainFile(path: string): Promise<Uint8Array> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) throw new ModelRefusedError(`${path} is missing`);
  if (!stat.isFile()) throw new ModelRefusedError(`${path} is not a plain file`);
  return readFile(path);
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
