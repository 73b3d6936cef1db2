import { addAbortSignal } from "node:stream";
import { ModelRefusedError, ModelUnavailableError } from "../ports/model-registry";
import { minBytesPerSecond } from "./fetch-context";
import type { FetchContext } from "./fetch-context";
import { ObjectSourceError } from "./object-source";
import type { ObjectBytes } from "./object-source";
import { pause } from "./pause";
import { ReceivedBytes } from "./received-bytes";
import { Watchdog } from "./watchdog";

/** An object that is fetched, and how far. */
export interface Wanted {
  readonly key: string;
  /** Name of its file. */
  readonly file: string;
  /** Bytes that are there. */
  readonly reached: () => number;
  /** Bytes of the whole, where they are known. */
  readonly total: number | undefined;
}

/**
 * Calls `attempt` until it succeeds, as often as the context's patience allows, with pauses in between.
 *
 * @throws {ModelRefusedError} if the object is missing, or if `attempt` throws it
 * @throws {ModelUnavailableError} if it did not come, with how far it came
 * @throws what else `attempt` throws, at once
 */
export async function withRetries<T>(
  wanted: Wanted,
  { source, clock, patience, random, report, signal }: FetchContext,
  attempt: () => Promise<T>,
): Promise<T> {
  const address = source.address(wanted.key);
  const { tries, delayMs } = patience;
  for (let tried = 1; ; tried++) {
    try {
      signal.throwIfAborted();
      return await attempt();
    } catch (error) {
      if (error instanceof ModelRefusedError || error instanceof ModelUnavailableError) throw error;
      if (!signal.aborted && !(error instanceof ObjectSourceError)) throw error;
      const fault = error instanceof ObjectSourceError ? error.fault : undefined;
      if (fault === "missing")
        throw new ModelRefusedError(`${address} does not exist: publish it first`);
      const at = { file: wanted.file, bytes: wanted.reached(), total: wanted.total };
      const reason = ((signal.aborted ? signal.reason : error) as Error).message;
      if (signal.aborted || fault === "refused" || tried >= tries)
        throw new ModelUnavailableError(
          `${address} could not be fetched: ${reason} (${reached(at)}try ${tried} of ${tries})`,
          { cause: error },
        );
      const retryInMs = random() * Math.min(delayMs.most, delayMs.first * 2 ** (tried - 1));
      report({ kind: "retry", ...at, tried, tries, retryInMs, reason });
      await pause(clock, retryInMs, signal);
    }
  }
}

const reached = ({ bytes, total }: { bytes: number; total: number | undefined }) =>
  total === undefined ? "" : `${bytes} of ${total} bytes are there, `;

/**
 * Asks for an object once, and gives up on a connection that is too slow.
 *
 * @param rest see {@link ObjectSource.open}
 * @param take what comes; it must read the body to its end
 * @throws {ObjectSourceError} or what `take` throws
 */
export async function requestObject<T>(
  key: string,
  rest: { readonly from: number; readonly etag: string } | undefined,
  { source, clock, patience, signal }: FetchContext,
  take: (opened: ObjectBytes, body: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { stalledAfterMs } = patience;
  const watch = new Watchdog(clock, stalledAfterMs, (minBytesPerSecond * stalledAfterMs) / 1000);
  const either = AbortSignal.any([signal, watch.signal]);
  try {
    const opened = await source.open(key, rest, either);
    const body = addAbortSignal(either, opened.body);
    return await take(opened, blamed(new ReceivedBytes(body, (count) => watch.feed(count))));
  } catch (error) {
    if (!watch.signal.aborted) throw error;
    throw new ObjectSourceError("away", (watch.signal.reason as Error).message, { cause: error });
  } finally {
    watch.end();
  }
}

/** A body, the faults of which are the source's. */
async function* blamed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ECONNRESET" ? "the connection was cut" : message;
    throw new ObjectSourceError("away", reason, { cause: error });
  }
}
