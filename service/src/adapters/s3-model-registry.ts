import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, NoSuchKey, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { manifestFile, modelFiles, modelKey, modelPrefix } from "@berth/contract";
import type { ModelFile } from "@berth/contract";
import { fileFault, verifyFolder, verifyManifest } from "../model/verify-model";
import { ModelRefusedError, ModelUnavailableError } from "../ports/model-registry";
import type { ModelPin, ModelRegistry, VerifiedModel } from "../ports/model-registry";

export interface S3ModelRegistryOptions {
  readonly bucket: string;
  /** Folder that keeps fetched versions; several processes may share it. */
  readonly cacheDir: string;
  readonly region: string;
  /** @default the region's own endpoint */
  readonly endpoint?: string | undefined;
  /** A connection over which nothing came for so long is given up. @default 15000 */
  readonly stalledAfterMs?: number;
}

const defaultStalledAfterMs = 15_000;

/** Most bytes of a manifest: it is read into memory before its digest is known. */
const maxManifestBytes = 1024 * 1024;

/**
 * Models in S3, kept in a local cache. Credentials come from the SDK's default chain, so from the instance profile or
 * Pod Identity, never from a setting.
 *
 * A file appears under its final name only once its sha256 is right: it is written beside, checked, and renamed.
 */
export class S3ModelRegistry implements ModelRegistry {
  private readonly client: S3Client;

  constructor(private readonly options: S3ModelRegistryOptions) {
    const { stalledAfterMs = defaultStalledAfterMs } = options;
    this.client = new S3Client({
      region: options.region,
      retryMode: "standard",
      maxAttempts: 4,
      requestHandler: {
        connectionTimeout: 3_000,
        requestTimeout: stalledAfterMs,
        throwOnRequestTimeout: true,
        socketTimeout: stalledAfterMs,
      },
      ...(options.endpoint === undefined
        ? {}
        : { endpoint: options.endpoint, forcePathStyle: true }),
    });
  }

  async fetch(pin: ModelPin, signal: AbortSignal): Promise<VerifiedModel> {
    const folder = join(this.options.cacheDir, modelPrefix(pin));
    try {
      return await verifyFolder(folder, pin);
    } catch (error) {
      if (!(error instanceof ModelRefusedError)) throw error;
    }
    await mkdir(folder, { recursive: true });
    const manifestBytes = await this.readManifest(pin, signal);
    const manifest = verifyManifest(manifestBytes, pin);
    for (const file of modelFiles) {
      if ((await fileFault(join(folder, file), manifest.files[file])) === undefined) continue;
      await this.download(pin, file, folder, manifest.files[file], signal);
    }
    await this.place(join(folder, manifestFile), (path) => writeFile(path, manifestBytes));
    return verifyFolder(folder, pin);
  }

  private async readManifest(pin: ModelPin, signal: AbortSignal): Promise<Uint8Array> {
    const key = modelKey(pin, manifestFile);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const body = await this.open(key, signal);
    try {
      for await (const chunk of body) {
        bytes += (chunk as Buffer).length;
        if (bytes > maxManifestBytes)
          throw new ModelRefusedError(`${manifestFile} is larger than ${maxManifestBytes} bytes`);
        chunks.push(chunk as Buffer);
      }
    } catch (error) {
      throw error instanceof ModelRefusedError ? error : this.unavailable(key, error);
    }
    return Buffer.concat(chunks);
  }

  private async download(
    pin: ModelPin,
    file: ModelFile,
    folder: string,
    expected: { sha256: string; bytes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const key = modelKey(pin, file);
    await this.place(join(folder, file), async (path) => {
      const body = await this.open(key, signal);
      try {
        await pipeline(body, createWriteStream(path), { signal });
      } catch (error) {
        throw this.unavailable(key, error);
      }
      const fault = await fileFault(path, expected);
      if (fault !== undefined)
        throw new ModelRefusedError(`s3://${this.options.bucket}/${key} ${fault}`);
    });
  }

  /** Writes beside the final name and renames, so that nobody sees half a file; cleans up on failure. */
  private async place(path: string, write: (path: string) => Promise<void>): Promise<void> {
    const partial = `${path}.${randomUUID()}.partial`;
    try {
      await write(partial);
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  }

  private async open(key: string, signal: AbortSignal): Promise<Readable> {
    try {
      const command = new GetObjectCommand({ Bucket: this.options.bucket, Key: key });
      const { Body } = await this.client.send(command, { abortSignal: signal });
      return Body as Readable;
    } catch (error) {
      if (error instanceof NoSuchKey)
        throw new ModelRefusedError(
          `s3://${this.options.bucket}/${key} does not exist: publish it first`,
        );
      throw this.unavailable(key, error);
    }
  }

  private unavailable(key: string, error: unknown): ModelUnavailableError {
    const status =
      error instanceof S3ServiceException
        ? ` (${error.name}, ${error.$metadata.httpStatusCode})`
        : "";
    return new ModelUnavailableError(
      `s3://${this.options.bucket}/${key} could not be fetched${status}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
