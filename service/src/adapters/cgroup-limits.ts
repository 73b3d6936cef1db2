import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { ContainerLimits } from "../domain/sizing";

/** A cgroup's folder and those above it: each can limit it. */
function withAncestors(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    folders.push(join(mount, at));
    if (at === "/" || at === ".") return folders;
  }
}

/** The first of some files that is there, by its words. */
function words(file: string): string[] | undefined {
  try {
    return readFileSync(file, "utf8").trim().split(/\s+/);
  } catch {
    return undefined;
  }
}

/** Path of this process in the hierarchy of a v1 controller, or in the v2 hierarchy (`""`). */
function cgroupPath(root: string, controller: string): string | undefined {
  for (const line of words(join(root, "proc", "self", "cgroup")) ?? []) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path !== undefined && controllers!.split(",").includes(controller)) return path;
  }
  return undefined;
}

/** Folders to look in, innermost first; a container may see its own cgroup as the root of the hierarchy. */
function folders(root: string, controller: string, mounts: readonly string[]): string[] {
  const path = cgroupPath(root, controller) ?? "/";
  return mounts.flatMap((mount) => withAncestors(join(root, "sys", "fs", "cgroup", mount), path));
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(
    (value) => value !== undefined && Number.isFinite(value) && value > 0,
  );
  return known.length === 0 ? undefined : Math.min(...(known as number[]));
}

/** CPU time that the cgroup may use, in CPUs. */
function cpuQuota(root: string): number | undefined {
  const v2 = folders(root, "", [".", "unified"]).map((folder) => {
    const [quota, period] = words(join(folder, "cpu.max")) ?? [];
    return Number(quota) / Number(period);
  });
  const v1 = folders(root, "cpu", ["cpu", "cpu,cpuacct"]).map((folder) => {
    const [quota] = words(join(folder, "cpu.cfs_quota_us")) ?? [];
    const [period] = words(join(folder, "cpu.cfs_period_us")) ?? [];
    return Number(quota) / Number(period);
  });
  return least([...v2, ...v1]);
}

/** Memory that the cgroup may use, in MiB. "No limit" reads as `max` in v2, and in v1 as more than any machine has. */
function memoryLimit(root: string, machineMiB: number): number | undefined {
  const v2 = folders(root, "", [".", "unified"]).map((folder) => words(join(folder, "memory.max")));
  const v1 = folders(root, "memory", ["memory"]).map((folder) =>
    words(join(folder, "memory.limit_in_bytes")),
  );
  const limit = least([...v2, ...v1].map((found) => Number(found?.[0]) / 2 ** 20));
  return limit !== undefined && limit < machineMiB ? limit : undefined;
}

/**
 * What this process's container may use, by cgroup v1 or v2, of itself and of those around it; where nothing limits it,
 * the CPUs that it may run on.
 *
 * @param root folder in which `/proc` and `/sys` are looked for. @default "/"
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function cgroupLimits(
  root = "/",
  machine = { cpus: availableParallelism(), memoryMiB: totalmem() / 2 ** 20 },
): ContainerLimits {
  return {
    cpus: Math.min(machine.cpus, cpuQuota(root) ?? machine.cpus),
    memoryMiB: memoryLimit(root, machine.memoryMiB),
  };
}
