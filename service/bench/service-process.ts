import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { paths } from "@berth/contract";
import type { SettingsEnv } from "@berth/contract";

/** The built service as a process of its own, with a history of its own that goes with it. */
export interface ServiceProcess {
  readonly port: number;
  readonly pid: number;
  /** Its inference processes. */
  inferencePids(): number[];
  /** Value of a series in its metrics; NaN if there is none. */
  metric(series: string): Promise<number>;
  /** Memory of the service and its processes in MiB, pages that they share counted once (PSS). */
  memoryMiB(): number;
  stop(): Promise<void>;
}

const entryFile = join(__dirname, "..", "main.js");

/** Starts it and waits until it is ready. The answer cache is off: every request is computed. */
export async function startService(env: SettingsEnv = {}): Promise<ServiceProcess> {
  const data = mkdtempSync(join(tmpdir(), "berth-bench-"));
  const child = spawn(process.execPath, [entryFile], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, PORT: "0", DATA_DIR: data, ANSWER_CACHE_MIB: "0", ...env },
  });
  const ended = once(child, "exit");
  const last: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    let listening = 0;
    createInterface({ input: child.stdout }).on("line", (text) => {
      last.push(text);
      if (last.length > 20) last.shift();
      if (text.includes('"msg":"listening"'))
        listening = (JSON.parse(text) as { port: number }).port;
      if (text.includes('"msg":"ready"')) resolve(listening);
    });
    void ended.then(([code]) =>
      reject(new Error(`the service ended with ${code}:\n${last.join("\n")}`)),
    );
  });
  const pid = child.pid!;
  const inferencePids = () => childrenOf(pid);
  return {
    port,
    pid,
    inferencePids,
    metric: async (series) => {
      const text = await (await fetch(`http://127.0.0.1:${port}${paths.metrics}`)).text();
      const line = text.split("\n").find((one) => one.startsWith(`${series} `));
      return Number(line?.split(" ")[1] ?? NaN);
    },
    memoryMiB: () => [pid, ...inferencePids()].reduce((sum, one) => sum + pssMiB(one), 0),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Processes that a process started and that live. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter((one) => one !== "")
      .map(Number),
  );
}

/** @see https://docs.kernel.org/filesystems/proc.html for `smaps_rollup` */
function pssMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)![1]) / 1024;
}
