import type { Readable } from "node:stream";
import { GetObjectCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { ObjectSourceError } from "../model/object-source";
import type { ObjectBytes, ObjectSource, ObjectSourceFault } from "../model/object-source";

export interface S3ObjectSourceOptions {
  readonly bucket: string;
  readonly region: string;
  /** @default the region's own endpoint */
  readonly endpoint?: string | undefined;
}

const connectionTimeoutMs = 3_000;

/**
 * Objects of one bucket. Credentials come from the SDK's default chain, so from the instance profile or Pod Identity,
 * never from a setting. It asks once: who fetches decides on asking again, since it knows what it has already.
 */
export class S3ObjectSource implements ObjectSource {
  private readonly client: S3Client;

  constructor(private readonly options: S3ObjectSourceOptions) {
    this.client = new S3Client({
      region: options.region,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: connectionTimeoutMs },
      ...(options.endpoint === undefined
        ? {}
        : { endpoint: options.endpoint, forcePathStyle: true }),
    });
  }

  address(key: string): string {
    return `s3://${this.options.bucket}/${key}`;
  }

  async open(
    key: string,
    rest: { from: number; etag: string } | undefined,
    signal: AbortSignal,
  ): Promise<ObjectBytes> {
    const command = new GetObjectCommand({
      Bucket: this.options.bucket,
      Key: key,
      ...(rest && { Range: `bytes=${rest.from}-`, IfMatch: rest.etag }),
    });
    let output;
    try {
      output = await this.client.send(command, { abortSignal: signal });
    } catch (error) {
      throw new ObjectSourceError(faultOf(error), messageOf(error), { cause: error });
    }
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(output.ContentRange ?? "");
    return {
      // A weak one (W/"...") names no bytes.
      etag: output.ETag?.startsWith('"') ? output.ETag : undefined,
      from: range ? Number(range[1]) : 0,
      total: range ? Number(range[2]) : output.ContentLength,
      body: output.Body as Readable,
    };
  }

  close(): void {
    this.client.destroy();
  }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function faultOf(error: unknown): ObjectSourceFault {
  if (!(error instanceof S3ServiceException)) return "away";
  const status = error.$metadata.httpStatusCode ?? 0;
  if (error.name === "NoSuchKey") return "missing";
  if (status === 412 || status === 416) return "changed";
  // 408 and 429 are the client errors that mean "later".
  return status >= 300 && status < 500 && status !== 408 && status !== 429 ? "refused" : "away";
}

function messageOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof S3ServiceException
    ? `S3 answered ${error.$metadata.httpStatusCode} ${error.name}: ${message}`
    : message || String((error as NodeJS.ErrnoException).code);
}
