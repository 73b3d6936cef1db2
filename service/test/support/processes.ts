import { existsSync, readFileSync, readdirSync } from "node:fs";

// What Linux tells about processes under /proc. @see https://man7.org/linux/man-pages/man5/proc.5.html

/** Tests that look at other processes need /proc, which Linux alone has. */
export const onLinux = process.platform === "linux" ? it : it.skip;

/** Processes that a process started and that live. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter((one) => one !== "")
      .map(Number),
  );
}

/**
 * Inference processes of a service, once they run their own program: a child that is stopped before keeps the service
 * itself from going on, since starting a program waits for it.
 */
export function inferenceProcessesOf(pid: number): number[] {
  return childrenOf(pid).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, "utf8").includes("inference-process");
    } catch {
      return false;
    }
  });
}

/** Whether a process lives or has ended without anybody knowing (a zombie). */
export const exists = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Memory that a process has in use, in MiB. */
export function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}

/** Time that a process has computed, in clock ticks (a hundredth of a second). */
export function cpuTicks(pid: number): number {
  // The name, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** File descriptors that a process has open. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
