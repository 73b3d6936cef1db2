import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

const readBytes = 1024 * 1024;

/** Why a path cannot be used as the plain file that it should be. */
export class NotPlainFileError extends Error {
  override readonly name = "NotPlainFileError";
  constructor(
    message: string,
    readonly isMissing = false,
  ) {
    super(message);
  }
}

/**
 * Opens a file to read that is neither a link nor a pipe, device or folder.
 *
 * It is looked at before, since opening a device can have effects, and after, since it may have been exchanged; a pipe
 * that takes its place in between does not make this wait.
 *
 * @throws {NotPlainFileError} whose message follows on the path: "is missing"
 */
export async function openPlainFile(path: string): Promise<{ handle: FileHandle; bytes: number }> {
  const before = await lstat(path).catch(fail);
  if (!before.isFile()) throw new NotPlainFileError("is not a plain file");
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(fail);
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, bytes: stat.size };
  await handle.close();
  throw new NotPlainFileError("is not a plain file");
}

/** @throws {NotPlainFileError} unless `path` is a folder itself, and not a link to one */
export async function assertPlainFolder(path: string): Promise<void> {
  if (!(await lstat(path).catch(fail)).isDirectory())
    throw new NotPlainFileError("is not a plain folder");
}

/** sha256 of a file's bytes, from its start to its end. */
export async function handleSha256(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of chunks(handle)) hash.update(bytes);
  return hash.digest("hex");
}

/** A file's bytes from its start, in pieces that are good until the next one is asked for. */
export async function* chunks(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, readBytes, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function fail(error: NodeJS.ErrnoException): never {
  if (error.code === "ENOENT" || error.code === "ENOTDIR")
    throw new NotPlainFileError("is missing", true);
  if (error.code === "ELOOP") throw new NotPlainFileError("is not a plain file");
  throw new NotPlainFileError(`cannot be read: ${error.message}`);
}
