import { maxRefCharacters, maxStreamLineBytes, streamRequestLine } from "@berth/contract";
import type { StreamRequestLine } from "@berth/contract";
import type { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LineSplitter } from "../domain/line-splitter";
import type { Line } from "../domain/line-splitter";
import { ServiceError } from "../domain/service-error";
import { hasRepeatedKeys } from "./repeated-keys";
import { validate } from "./validate";

/** A line of a stream that is not blank: what it asks for, or why it cannot be answered. */
export type StreamLine = {
  /** From 1, blank lines counted. */
  readonly number: number;
  /** The caller's name for it, as far as it can be read. */
  readonly ref?: string;
} & ({ readonly text: string } | { readonly error: ServiceError });

export interface ReadLinesOptions {
  /** Ends the reading: its reason is thrown. */
  readonly signal: AbortSignal;
  /** Told before each line that has to be waited for, and once it is there. */
  readonly onWait: (waits: boolean) => void;
}

/**
 * Reads a stream's lines, each no sooner than it is asked for: the client is held up by TCP itself meanwhile.
 *
 * @throws the signal's reason
 */
export async function* readStreamLines(
  input: Readable,
  options: ReadLinesOptions,
): AsyncGenerator<StreamLine> {
  for await (const line of lines(input, options)) {
    const parsed = parseLine(line);
    if (parsed !== undefined) yield parsed;
  }
}

/** Lines after which other requests get their turn: a chunk can hold tens of thousands that are blank or wrong. */
const linesPerTurn = 64;

async function* lines(input: Readable, { signal, onWait }: ReadLinesOptions): AsyncGenerator<Line> {
  const splitter = new LineSplitter(maxStreamLineBytes);
  const arrival = new Arrival(input, signal);
  try {
    onWait(true);
    for (;;) {
      signal.throwIfAborted();
      const chunk = input.read() as Buffer | null;
      if (chunk === null) {
        if (input.readableEnded) break;
        await arrival.next();
        continue;
      }
      for (const line of splitter.push(chunk)) {
        onWait(false);
        if (line.number % linesPerTurn === 0) await nextTurn();
        yield line;
        signal.throwIfAborted();
        onWait(true);
      }
    }
    yield* splitter.end();
  } finally {
    onWait(false);
    arrival.stop();
  }
}

/** Tells when there may be more to read of a stream, or nothing ever again. */
class Arrival {
  private arrived = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly input: Readable,
    private readonly signal: AbortSignal,
  ) {
    for (const event of ["readable", "end", "close"] as const) input.on(event, this.notice);
    signal.addEventListener("abort", this.notice);
  }

  async next(): Promise<void> {
    if (!this.arrived) await new Promise<void>((resolve) => (this.wake = resolve));
    this.arrived = false;
  }

  stop(): void {
    for (const event of ["readable", "end", "close"] as const) this.input.off(event, this.notice);
    this.signal.removeEventListener("abort", this.notice);
  }

  private readonly notice = () => {
    this.arrived = true;
    this.wake?.();
  };
}

const blank = /^[ \t\r]*$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseLine({ number, bytes }: Line): StreamLine | undefined {
  if (bytes === undefined)
    return {
      number,
      error: new ServiceError("text_too_long", {
        details: [
          {
            path: "",
            message: `the line has more than ${maxStreamLineBytes} bytes, and was not read`,
          },
        ],
      }),
    };
  let value: unknown;
  let repeated: boolean;
  try {
    const json = utf8.decode(bytes);
    if (blank.test(json)) return undefined;
    value = JSON.parse(json);
    repeated = hasRepeatedKeys(json, value);
  } catch {
    return { number, error: new ServiceError("invalid_json") };
  }
  const ref = refOf(value);
  if (repeated)
    return {
      number,
      ...ref,
      error: new ServiceError("invalid_request", {
        details: [{ path: "", message: "a field is given more than once" }],
      }),
    };
  try {
    const { text }: StreamRequestLine = validate(streamRequestLine, value);
    return { number, ...ref, text };
  } catch (error) {
    return { number, ...ref, error: error as ServiceError };
  }
}

/** The `ref` of a line, even of one that is wrong otherwise. */
function refOf(value: unknown): { ref?: string } {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "ref")) return {};
  const { ref } = value as { ref: unknown };
  return typeof ref === "string" && ref.length <= maxRefCharacters ? { ref } : {};
}
