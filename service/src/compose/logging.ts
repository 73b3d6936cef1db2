import type { Settings } from "@berth/contract";
import { pino } from "pino";
import type { Logger } from "pino";

const standardOutput = 1;

/** Characters that gather before they are written: some twenty requests' lines. */
const gather = 4_096;

/** What is gathered is written after this long at the latest; a kill -9 loses no older line. */
const flushEveryMs = 200;

/** What may wait for a reader of the log that does not keep up, in bytes. Beyond, lines are dropped and counted. */
const maxWaitingBytes = 4 * 1024 * 1024;

/** How long {@link Log.flush} waits for such a reader. */
const flushLimitMs = 1_000;

/** The service's log, and how to make sure that it is written. */
export interface Log {
  readonly logger: Logger;
  /** Writes what was gathered; resolves when it is written, or after a second. */
  flush(): Promise<void>;
}

/**
 * A log of JSON lines on standard output. It is written behind the event loop, since a write a request would cost as much
 * as the rest of the line. What was gathered is written when the process ends, also by an error that nobody caught.
 *
 * @param dest file descriptor or path
 */
export function openLog(
  settings: Pick<Settings, "LOG_LEVEL">,
  onDrop: () => void,
  dest: number | string = standardOutput,
): Log {
  const destination = pino.destination({
    dest,
    sync: false,
    minLength: gather,
    maxLength: maxWaitingBytes,
    periodicFlush: flushEveryMs,
  });
  destination.on("drop", onDrop);
  return {
    logger: pino({ level: settings.LOG_LEVEL }, destination),
    flush: () =>
      new Promise((resolve) => {
        const limit = setTimeout(resolve, flushLimitMs);
        destination.flush(() => {
          clearTimeout(limit);
          resolve();
        });
      }),
  };
}
