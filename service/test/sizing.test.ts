import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cgroupLimits } from "../src/adapters/cgroup-limits";
import { sizeFor } from "../src/domain/sizing";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const modelBytes = 25_000_000;
const machine = { cpus: 16, memoryMiB: 65_536 };

/** A machine's `/proc` and `/sys` with these files. */
function machineWith(files: Record<string, string>): string {
  const root = newFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("cgroupLimits", () => {
  it("reads a container's own limits, cgroup v2", () => {
    const root = machineWith({
      "proc/self/cgroup": "0::/\n",
      "sys/fs/cgroup/cpu.max": "150000 100000\n",
      "sys/fs/cgroup/memory.max": "805306368\n",
    });
    expect(cgroupLimits(root, machine)).toEqual({ cpus: 1.5, memoryMiB: 768 });
  });

  it("takes the tightest limit of a cgroup and those around it, cgroup v2", () => {
    const root = machineWith({
      "proc/self/cgroup": "0::/pods/one\n",
      "sys/fs/cgroup/pods/one/cpu.max": "max 100000\n",
      "sys/fs/cgroup/pods/cpu.max": "400000 100000\n",
      "sys/fs/cgroup/pods/one/memory.max": "2147483648\n",
      "sys/fs/cgroup/pods/memory.max": "1073741824\n",
    });
    expect(cgroupLimits(root, machine)).toEqual({ cpus: 4, memoryMiB: 1024 });
  });

  it("reads cgroup v1, whose path may not be seen from inside the container", () => {
    const root = machineWith({
      "proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
    });
    expect(cgroupLimits(root, machine)).toEqual({ cpus: 2, memoryMiB: 512 });
  });

  it.each([
    [
      "v2",
      {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": "max 100000\n",
        "sys/fs/cgroup/memory.max": "max\n",
      },
    ],
    [
      "v1",
      {
        "proc/self/cgroup": "5:memory:/\n4:cpu:/\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      },
    ],
    ["no cgroup at all", {}],
    ["files that make no sense", { "sys/fs/cgroup/cpu.max": "\n", "proc/self/cgroup": "what\n" }],
  ])("takes the machine's CPUs and no memory limit where nothing limits it: %s", (_, files) => {
    expect(cgroupLimits(machineWith(files), machine)).toEqual({ cpus: 16, memoryMiB: undefined });
  });

  it("never names more CPUs than it may run on", () => {
    const root = machineWith({ "sys/fs/cgroup/cpu.max": "800000 100000\n" });
    expect(cgroupLimits(root, { ...machine, cpus: 2 }).cpus).toBe(2);
  });
});

describe("sizeFor", () => {
  it.each([
    [{ cpus: 2, memoryMiB: undefined }, 2],
    [{ cpus: 2, memoryMiB: 768 }, 2],
    [{ cpus: 3.9, memoryMiB: 4096 }, 3],
    [{ cpus: 0.4, memoryMiB: 512 }, 1],
    [{ cpus: 16, memoryMiB: 1024 }, 6],
  ])("gives %j as many processes as it has whole CPUs and memory for: %i", (limits, processes) => {
    const sizing = sizeFor(limits, modelBytes);
    expect(sizing.processes).toBe(processes);
    expect(sizing.shortage).toBeUndefined();
  });

  it("shortens the queue where memory is short", () => {
    const ample = sizeFor({ cpus: 2, memoryMiB: 2048 }, modelBytes);
    const short = sizeFor({ cpus: 2, memoryMiB: 450 }, modelBytes);
    expect(ample.queueLimit).toBe(128);
    expect(short).toMatchObject({ processes: 2, queueLimit: expect.any(Number) });
    expect(short.queueLimit).toBeLessThan(ample.queueLimit);
  });

  it("says what is too small for one process, and tries all the same", () => {
    const sizing = sizeFor({ cpus: 2, memoryMiB: 200 }, modelBytes);
    expect(sizing).toMatchObject({ processes: 1, queueLimit: 1 });
    expect(sizing.shortage).toMatch(/limit is 200 MiB, .* needs \d+ MiB in all: raise the limit/);
  });

  it("counts the model's size", () => {
    const limits = { cpus: 8, memoryMiB: 2048 };
    expect(sizeFor(limits, 400_000_000).processes).toBe(1);
    expect(sizeFor(limits, modelBytes).processes).toBe(8);
  });
});
