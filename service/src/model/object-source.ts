import type { Readable } from "node:stream";

/** One object, from some byte to its end. */
export interface ObjectBytes {
  /** Strong ETag of what is sent; `undefined` where the source gives none, so that it cannot be resumed. */
  readonly etag: string | undefined;
  /** Offset of the first byte. */
  readonly from: number;
  /** Size of the whole object in bytes, if the source says so. */
  readonly total: number | undefined;
  readonly body: Readable;
}

/** Where fetched files come from: an object store that can be asked for the rest of an object. */
export interface ObjectSource {
  /** How people name an object, for messages. */
  address(key: string): string;
  /**
   * @param rest ask for the bytes from an offset, and only of the object with this ETag
   * @throws {ObjectSourceError}
   */
  open(
    key: string,
    rest: { readonly from: number; readonly etag: string } | undefined,
    signal: AbortSignal,
  ): Promise<ObjectBytes>;
  close(): void;
}

/** What asking again, and how, would help with. */
export type ObjectSourceFault =
  /** There is no such object. */
  | "missing"
  /** The object with the ETag that was asked for is there no more, or has fewer bytes. */
  | "changed"
  /** The same request will be refused again: a wrong permission, region or bucket. */
  | "refused"
  /** Later it may work. */
  | "away";

/** Why an object, or the rest of it, did not come. */
export class ObjectSourceError extends Error {
  override readonly name = "ObjectSourceError";
  constructor(
    readonly fault: ObjectSourceFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
