import type { Readable } from "node:stream";

/** Bytes that may wait to be written before the source is told to wait. */
const maxWaitingBytes = 1024 * 1024;

/**
 * A stream's bytes, taken as they come. What came before a fault is still given, and the fault only then: a stream
 * that fails forgets what waits in it, so that over connections that are always cut early nothing would ever be won.
 */
export class ReceivedBytes implements AsyncIterable<Uint8Array> {
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private end: { readonly fault?: Error } | undefined;
  private wake = () => {};

  /** @param onBytes told of each piece when it comes */
  constructor(
    private readonly source: Readable,
    onBytes: (count: number) => void,
  ) {
    const ended = (fault?: Error) => {
      this.end ??= fault === undefined ? {} : { fault };
      this.wake();
    };
    source.on("data", (bytes: Uint8Array) => {
      onBytes(bytes.length);
      this.waiting.push(bytes);
      this.waitingBytes += bytes.length;
      if (this.waitingBytes > maxWaitingBytes) source.pause();
      this.wake();
    });
    source.on("end", () => ended());
    source.on("error", ended);
    source.on("close", () => ended(new Error("the connection was cut")));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const bytes = this.waiting.shift();
        if (bytes !== undefined) {
          this.waitingBytes -= bytes.length;
          yield bytes;
        } else if (this.end?.fault) throw this.end.fault;
        else if (this.end) return;
        else {
          this.source.resume();
          await new Promise<void>((resolve) => (this.wake = resolve));
        }
      }
    } finally {
      this.source.destroy();
    }
  }
}
