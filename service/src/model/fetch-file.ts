import { statfs } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { ModelRefusedError, ModelUnavailableError } from "../ports/model-registry";
import type { FetchContext } from "./fetch-context";
import { ObjectSourceError } from "./object-source";
import type { ObjectBytes } from "./object-source";
import { PartialFile } from "./partial-file";
import { requestObject, withRetries } from "./request-object";
import { fileFault } from "./verify-model";
import type { ExpectedFile } from "./verify-model";

/** Between two reports of progress: so long, or so much of the file. */
const reportEvery = { ms: 2_000, share: 0.1 } as const;

/** What the system says when there is no room. */
const noRoom: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT", "EFBIG"];

/**
 * Fetches an object to a file that appears under its name only once its digest is right. Goes on with what this or
 * another process left of the same object, by its ETag, and asks again where that may help.
 *
 * @param final path of the file
 * @throws {ModelRefusedError} if the object is missing or is not the one that is expected
 * @throws {ModelUnavailableError} if it could not be fetched, with how far it came
 */
export async function fetchFile(
  key: string,
  final: string,
  expected: ExpectedFile,
  context: FetchContext,
): Promise<void> {
  await new FileFetch(key, final, expected, context).run();
}

class FileFetch {
  private reached = 0;
  private reported: { bytes: number; at: number };

  constructor(
    private readonly key: string,
    private readonly final: string,
    private readonly expected: ExpectedFile,
    private readonly context: FetchContext,
  ) {
    this.reported = { bytes: 0, at: context.clock.now() };
  }

  async run(): Promise<void> {
    const { key, final, expected, context } = this;
    await withRetries(
      { key, file: basename(final), reached: () => this.reached, total: expected.bytes },
      context,
      async () => {
        // Another process may have been faster.
        if (await this.isThere()) return;
        await this.attempt().catch(async (error: NodeJS.ErrnoException) => {
          // One that finished meanwhile removes what it takes for leftovers.
          if (error.code !== "ENOENT" || !(await this.isThere())) throw error;
        });
      },
    );
  }

  private async isThere(): Promise<boolean> {
    return (await fileFault(this.final, this.expected)) === undefined;
  }

  private async attempt(): Promise<void> {
    const [etag] = await PartialFile.etags(this.final);
    const part = etag === undefined ? undefined : await PartialFile.open(this.final, etag);
    try {
      this.reach(part?.bytes ?? 0);
      await this.assertRoom(part?.bytes ?? 0);
      await this.complete(part);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!noRoom.includes(code)) throw error;
      // Others may need the room more than the next try needs what came so far.
      await PartialFile.removeOthers(this.final, undefined);
      throw this.roomless(message, error);
    } finally {
      await part?.close();
    }
  }

  /** Fetches what a part lacks, and places the whole. */
  private async complete(part: PartialFile | undefined): Promise<void> {
    if (part === undefined || part.bytes === 0) {
      await requestObject(this.key, undefined, this.context, (opened, body) =>
        this.receiveWhole(opened, body),
      );
      return;
    }
    const { bytes, etag } = part;
    try {
      if (bytes < this.expected.bytes) {
        const rest = { from: bytes, etag: etag! };
        const placed = await requestObject(this.key, rest, this.context, async (opened, body) => {
          // Some stores don't know ranges, and send the whole.
          if (opened.from === 0) return this.receiveWhole(opened, body);
          this.assertSize(opened);
          if (opened.etag !== etag)
            throw new ObjectSourceError("changed", "the object changed between two parts");
          if (opened.from !== bytes)
            throw new ObjectSourceError("away", `the answer begins at byte ${opened.from}`);
          await this.receive(part, body);
          return false;
        });
        if (placed) return;
      }
      const sha256 = await part.place(this.final, this.expected.sha256);
      if (sha256 !== this.expected.sha256)
        throw new ObjectSourceError("changed", `put together from parts, it ${this.other(sha256)}`);
    } catch (error) {
      if (error instanceof ObjectSourceError && error.fault === "changed") await part.remove();
      throw error;
    }
  }

  /** @returns that the file is placed */
  private async receiveWhole(opened: ObjectBytes, body: AsyncIterable<Uint8Array>): Promise<true> {
    this.assertSize(opened);
    await PartialFile.removeOthers(this.final, opened.etag);
    const part = await PartialFile.open(this.final, opened.etag);
    try {
      part.rewind();
      await this.receive(part, body);
      const sha256 = await part.place(this.final, this.expected.sha256);
      if (sha256 === this.expected.sha256) return true;
      await part.remove();
      throw new ModelRefusedError(`${this.context.source.address(this.key)} ${this.other(sha256)}`);
    } finally {
      await part.close();
    }
  }

  private async receive(part: PartialFile, body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of body) {
      if (part.bytes + bytes.length > this.expected.bytes)
        throw this.wrongSize(`more than ${this.expected.bytes}`);
      await part.append(bytes);
      this.reach(part.bytes);
    }
    if (part.bytes < this.expected.bytes)
      throw new ObjectSourceError("away", "the connection was cut");
  }

  private reach(bytes: number): void {
    this.reached = bytes;
    const { clock, report } = this.context;
    const total = this.expected.bytes;
    const at = clock.now();
    const moved = Math.abs(bytes - this.reported.bytes);
    const enough =
      moved >= total * reportEvery.share ||
      at - this.reported.at >= reportEvery.ms ||
      (moved > 0 && bytes === total);
    if (!enough) return;
    this.reported = { bytes, at };
    report({ kind: "progress", file: basename(this.final), bytes, total });
  }

  private assertSize({ total }: ObjectBytes): void {
    if (total !== undefined && total !== this.expected.bytes) throw this.wrongSize(total);
  }

  /** @throws {ModelUnavailableError} unless there is room for what is missing and for the copy that is placed */
  private async assertRoom(bytes: number): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(dirname(this.final));
    const needed = 2 * this.expected.bytes - bytes;
    const free = bavail * bsize;
    // Some file systems don't say.
    if (blocks > 0 && free < needed)
      throw this.roomless(`${needed} bytes are needed, ${free} are free`);
  }

  private roomless(reason: string, cause?: unknown): ModelUnavailableError {
    return new ModelUnavailableError(
      `${dirname(this.final)} has no room for ${basename(this.final)}, ${reason}: ` +
        "free space there, or set MODEL_DIR to a folder with more",
      { cause },
    );
  }

  private wrongSize(bytes: number | string): ModelRefusedError {
    const address = this.context.source.address(this.key);
    return new ModelRefusedError(`${address} has ${bytes} bytes, expected ${this.expected.bytes}`);
  }

  private other(sha256: string): string {
    return `has sha256 ${sha256}, expected ${this.expected.sha256}`;
  }
}
