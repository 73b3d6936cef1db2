import { readFileSync } from "node:fs";

/**
 * How many files and connections this process may have open; `undefined` where the system does not tell.
 *
 * Node has raised its soft limit to the hard one by then. @see https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html
 */
export function openFilesLimit(): number | undefined {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return limit === undefined ? undefined : Number(limit);
}
