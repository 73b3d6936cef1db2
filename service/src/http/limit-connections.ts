import type { Server } from "node:http";
import type { Clock } from "../ports/clock";

/** Connections at once, at most: some 40 MiB when each has brought a request. */
const mostConnections = 4_096;

/** Files for everything else: the history's, logs, inference processes and their replacements, MongoDB, S3. */
const reservedFiles = 512;

/** Between two reports of connections that were closed. */
const reportEveryMs = 1_000;

export interface LimitConnectionsOptions {
  /** Files and connections that the process may have open. @default no limit */
  readonly openFiles: number | undefined;
  readonly clock: Clock;
  /** Connections above the limit were closed without an answer: how many since the last report. */
  readonly onClosed: (connections: number) => void;
}

/**
 * Closes connections above a limit at once. Without one, clients could take the last file descriptor, and then neither
 * the history could write nor an inference process be replaced; the kernel's own refusal would be seen by nobody.
 *
 * @returns the limit
 */
export function limitConnections(
  server: Server,
  { openFiles = Infinity, clock, onClosed }: LimitConnectionsOptions,
): number {
  const most = Math.min(
    mostConnections,
    Math.floor(Math.max(openFiles / 2, openFiles - reservedFiles)),
  );
  server.maxConnections = most;
  let closed = 0;
  server.on("drop", () => {
    closed++;
    if (closed > 1) return;
    clock.schedule(reportEveryMs, () => {
      onClosed(closed);
      closed = 0;
    });
  });
  return most;
}
