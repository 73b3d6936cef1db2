import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { manifestFile, modelFiles, modelKey, modelPrefix } from "@berth/contract";
import { defaultPatience } from "../model/fetch-context";
import type { FetchContext, Patience } from "../model/fetch-context";
import type { FetchEvent } from "../model/fetch-event";
import { fetchFile } from "../model/fetch-file";
import type { ObjectSource } from "../model/object-source";
import { placeBytes, removeLeftovers } from "../model/partial-file";
import { requestObject, withRetries } from "../model/request-object";
import {
  fileFault,
  maxManifestBytes,
  refuseLinkedFolders,
  verifyFolder,
  verifyManifest,
} from "../model/verify-model";
import type { Clock } from "../ports/clock";
import { ModelRefusedError, ModelUnavailableError } from "../ports/model-registry";
import type { ModelPin, ModelRegistry, VerifiedModel } from "../ports/model-registry";

export interface S3ModelRegistryOptions {
  readonly bucket: string;
  /** Folder that keeps fetched versions; several processes, on several machines too, may share it. */
  readonly cacheDir: string;
  readonly region: string;
  /** @default the region's own endpoint */
  readonly endpoint?: string | undefined;
  readonly clock: Clock;
  /** @default defaultPatience */
  readonly patience?: Patience;
  /** Within [0, 1). @default Math.random */
  readonly random?: () => number;
  readonly onFetchEvent?: (event: FetchEvent) => void;
}

/**
 * Models in S3, kept in a local cache. A version that is whole in the cache takes no request, and not even the SDK.
 *
 * A file appears under its final name only once its sha256 is right. What was fetched of it survives retries and the
 * end of the process as `<file>.<etag>.partial` beside it, and is removed once the version is whole, or when the object
 * has changed, or when the disk is full.
 *
 * @see PartialFile for why processes that share a cache don't disturb each other
 */
export class S3ModelRegistry implements ModelRegistry {
  constructor(private readonly options: S3ModelRegistryOptions) {}

  async fetch(pin: ModelPin, signal: AbortSignal): Promise<VerifiedModel> {
    const folder = join(this.options.cacheDir, modelPrefix(pin));
    try {
      return await this.verify(folder, pin);
    } catch (error) {
      if (!(error instanceof ModelRefusedError)) throw error;
    }
    const source = await this.connect();
    try {
      await this.fill(folder, pin, source, signal);
    } catch (error) {
      throw cacheError(error, folder);
    } finally {
      source.close();
    }
    return this.verify(folder, pin);
  }

  private async verify(folder: string, pin: ModelPin): Promise<VerifiedModel> {
    const verified = await verifyFolder(folder, pin);
    // A cache that is only read needs no cleaning.
    await removeLeftovers(folder).catch(() => {});
    return verified;
  }

  /** The SDK costs a tenth of a second and 20 MiB, so only what fetches loads it. */
  private async connect(): Promise<ObjectSource> {
    const { S3ObjectSource } = await import("./s3-object-source");
    return new S3ObjectSource(this.options);
  }

  private async fill(
    folder: string,
    pin: ModelPin,
    source: ObjectSource,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, patience = defaultPatience, random = Math.random } = this.options;
    const report = this.options.onFetchEvent ?? (() => {});
    const context: FetchContext = { source, clock, patience, random, report, signal };
    await refuseLinkedFolders(folder, pin, { mayBeMissing: true });
    await mkdir(folder, { recursive: true });
    const manifestBytes = await readManifest(pin, context);
    const manifest = verifyManifest(manifestBytes, pin);
    for (const file of modelFiles)
      await fetchFile(modelKey(pin, file), join(folder, file), manifest.files[file], context);
    const expected = { sha256: pin.manifestSha256, bytes: manifestBytes.length };
    const path = join(folder, manifestFile);
    const isThere = async () => (await fileFault(path, expected)) === undefined;
    if (await isThere()) return;
    await placeBytes(path, manifestBytes).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" || !(await isThere())) throw error;
    });
  }
}

function readManifest(pin: ModelPin, context: FetchContext): Promise<Buffer> {
  const key = modelKey(pin, manifestFile);
  const wanted = { key, file: manifestFile, reached: () => 0, total: undefined };
  return withRetries(wanted, context, () =>
    requestObject(key, undefined, context, async (_opened, body) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > maxManifestBytes)
          throw new ModelRefusedError(`${manifestFile} is larger than ${maxManifestBytes} bytes`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    }),
  );
}

/** Says of what the system refused that it is about the cache, and what to change. */
function cacheError(error: unknown, folder: string): unknown {
  if (error instanceof ModelRefusedError || error instanceof ModelUnavailableError) return error;
  return new ModelUnavailableError(
    `the model cannot be written to ${folder}: ${(error as Error).message}; ` +
      "let the service's user write there, or set MODEL_DIR to another folder",
    { cause: error },
  );
}
