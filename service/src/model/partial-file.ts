import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { chunks } from "./plain-file";

/** What any process may go on with. */
const partialEnding = ".partial";
/** What belongs to the one process that made it. */
const placingEnding = ".placing";

/** Longest ETag, encoded, that a file's name has room for. */
const maxTokenLength = 100;

/**
 * The part of a file that was fetched so far. It lies beside its final name, and its own name carries the ETag of the
 * object that it is a part of: `model.onnx.<etag>.partial`.
 *
 * Nobody owns it. Each who fetches writes the bytes of that object from its present end on, at their own place, so it
 * is at all times the object's beginning, however many write at once and whenever one of them is killed. That needs no
 * lock, no heartbeat and no clock.
 *
 * It never becomes the final file itself, since another process may still have it open for writing: see {@link place}.
 */
export class PartialFile {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    /** ETag of the object, or `undefined` if what was fetched is of no use after a failure. */
    readonly etag: string | undefined,
    /** Bytes from the start that are there. */
    private length: number,
  ) {}

  /** Opens the part of an object that is there; an empty one if there is none. */
  static async open(final: string, etag: string | undefined): Promise<PartialFile> {
    const token = tokenOf(etag);
    const path = token === undefined ? privatePath(final) : sharedPath(final, token);
    const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = constants;
    const handle = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
    const { size } = await handle.stat();
    return new PartialFile(path, handle, token === undefined ? undefined : etag, size);
  }

  /** ETags of the objects that parts of a file are there of, the longest part first. */
  static async etags(final: string): Promise<string[]> {
    const found: { etag: string; bytes: number }[] = [];
    for (const name of await readdir(dirname(final))) {
      const etag = etagOf(name, basename(final));
      if (etag === undefined) continue;
      const { size } = await stat(join(dirname(final), name)).catch(() => ({ size: -1 }));
      if (size >= 0) found.push({ etag, bytes: size });
    }
    return found.sort((a, b) => b.bytes - a.bytes).map(({ etag }) => etag);
  }

  /** Removes the parts of other objects than the one with this ETag: the file has changed since. */
  static async removeOthers(final: string, etag: string | undefined): Promise<void> {
    for (const other of await PartialFile.etags(final))
      if (other !== etag) await rm(sharedPath(final, tokenOf(other)!), { force: true });
  }

  get bytes(): number {
    return this.length;
  }

  /** Begins anew, over what is there. */
  rewind(): void {
    this.length = 0;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const rest = bytes.length - done;
      const { bytesWritten } = await this.handle.write(bytes, done, rest, this.length);
      done += bytesWritten;
      this.length += bytesWritten;
    }
  }

  /**
   * Gives a copy of it the final name, at once and whole, if its digest is right, and removes it.
   *
   * @returns the sha256; another than was expected means that nothing has changed
   */
  async place(final: string, expectedSha256: string): Promise<string> {
    const placing = privatePath(final);
    try {
      const copy = await open(placing, "wx", 0o644);
      const hash = createHash("sha256");
      try {
        for await (const bytes of chunks(this.handle)) {
          hash.update(bytes);
          await copy.writeFile(bytes);
        }
      } finally {
        await copy.close();
      }
      const sha256 = hash.digest("hex");
      if (sha256 === expectedSha256) {
        await rename(placing, final);
        await this.remove();
      }
      return sha256;
    } finally {
      await rm(placing, { force: true });
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** Closes it. What cannot be resumed is removed. */
  async close(): Promise<void> {
    await this.handle.close();
    if (this.etag === undefined) await this.remove();
  }
}

/**
 * Removes what fetching left in a folder whose files are all right: parts and unfinished copies of processes that were
 * killed. One that still fetches there finds out that the files are right already.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.endsWith(partialEnding) || name.endsWith(placingEnding))
      await rm(join(folder, name), { force: true });
}

/** Writes a small file whole or not at all. */
export async function placeBytes(final: string, bytes: Uint8Array): Promise<void> {
  const placing = privatePath(final);
  try {
    const handle = await open(placing, "wx", 0o644);
    try {
      await handle.writeFile(bytes);
    } finally {
      await handle.close();
    }
    await rename(placing, final);
  } finally {
    await rm(placing, { force: true });
  }
}

const sharedPath = (final: string, token: string) => `${final}.${token}${partialEnding}`;
const privatePath = (final: string) => `${final}.${randomUUID()}${placingEnding}`;

function tokenOf(etag: string | undefined): string | undefined {
  if (etag === undefined) return undefined;
  const token = encodeURIComponent(etag.slice(1, -1));
  return token !== "" && token.length <= maxTokenLength ? token : undefined;
}

function etagOf(name: string, final: string): string | undefined {
  if (!name.startsWith(`${final}.`) || !name.endsWith(partialEnding)) return undefined;
  const token = name.slice(final.length + 1, -partialEnding.length);
  try {
    return `"${decodeURIComponent(token)}"`;
  } catch {
    return undefined;
  }
}
