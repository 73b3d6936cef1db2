import { setPriority } from "node:os";

/**
 * A third of the share of a program at the usual priority: the service's event loop takes, refuses and answers probes at
 * once while every core computes, and other programs on the same cores do not starve what computes.
 */
const niceness = 5;

/** Lowers the scheduling priority of the thread that calls, by `nice`. That needs no privilege. */
export function yieldToRequests(): void {
  // On other systems it would be the whole process, of which a thread is part.
  if (process.platform === "linux") setPriority(niceness);
}
