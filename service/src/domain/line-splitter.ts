/** One line, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Its bytes, valid until the next line is asked for; undefined if it is longer than it may be. */
  readonly bytes: Buffer | undefined;
}

const lineFeed = 0x0a;

/** First size of the buffer for a line that comes in pieces; doubled as it grows. */
const firstBytes = 1024;

/**
 * Splits a stream of bytes into lines. It holds one unfinished line at most, in a buffer of its own, and of one that is
 * too long nothing: pieces are copied, since a piece of one byte may be a view of a chunk that is much larger.
 */
export class LineSplitter {
  private number = 0;
  private held: Buffer = Buffer.alloc(0);
  private heldBytes = 0;
  private tooLong = false;

  /** @param maxBytes of a line, without its end */
  constructor(private readonly maxBytes: number) {}

  /** The lines that end in this chunk. What follows the last of them is held. */
  *push(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (end < 0) return this.hold(piece);
      from = end + 1;
      if (this.heldBytes === 0 && !this.tooLong) {
        yield this.line(piece.length > this.maxBytes ? undefined : piece);
      } else {
        this.hold(piece);
        yield this.release();
      }
    }
  }

  /** The last line, if it has no end of its own. */
  *end(): Generator<Line> {
    if (this.heldBytes > 0 || this.tooLong) yield this.release();
  }

  private hold(piece: Buffer): void {
    const bytes = this.heldBytes + piece.length;
    if (this.tooLong || bytes > this.maxBytes) {
      this.tooLong = true;
      this.held = Buffer.alloc(0);
      this.heldBytes = 0;
      return;
    }
    if (bytes > this.held.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(this.maxBytes, Math.max(firstBytes, bytes, this.held.length * 2)),
      );
      this.held.copy(larger, 0, 0, this.heldBytes);
      this.held = larger;
    }
    piece.copy(this.held, this.heldBytes);
    this.heldBytes = bytes;
  }

  private release(): Line {
    const line = this.line(this.tooLong ? undefined : this.held.subarray(0, this.heldBytes));
    this.heldBytes = 0;
    this.tooLong = false;
    return line;
  }

  private line(bytes: Buffer | undefined): Line {
    return { number: ++this.number, bytes };
  }
}
