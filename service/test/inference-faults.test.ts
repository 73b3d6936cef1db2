import { setTimeout as pause } from "node:timers/promises";
import { metrics, paths } from "@berth/contract";
import { KeepAliveClient, encodePost } from "./support/keep-alive-client";
import { openLoop, quantile } from "./support/open-loop";
import type { Sample } from "./support/open-loop";
import {
  childrenOf,
  cpuTicks,
  exists,
  inferenceProcessesOf,
  onLinux,
  residentMiB,
} from "./support/processes";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// Inference processes are killed and stopped while requests come at a fixed rate, whatever the service does.

jest.setTimeout(240_000);

const newFolder = temporaryFolders();
const text = "Shares of the retailer fell 8 percent after it cut its profit forecast for the year.";

/** No two texts are the same, so that none is answered from the cache. */
const request = (index: number) => encodePost(paths.analyze, { text: `${text} (${index})` });

const faults = 20;

/** Far below what one process serves, so that nothing is refused for want of room while the other is replaced. */
const ratePerSecond = 20;

/** Texts that share a batch, at most. */
const mostTextsInBatch = 16;

/** A new process serves by then, from when the service noticed that it needs one: the median of all faults. */
const replacedWithinMs = 3_000;

/** And each of them, on a machine that may be busy with other tests. */
const slowestReplacedWithinMs = 3 * replacedWithinMs;

/** Codes that a fault may cost. */
const allowedCodes = ["inference_failed", "deadline_exceeded"];

/** Waits for something, looking again and again. @throws once `limitMs` are over */
async function by(limitMs: number, what: string, holds: () => Promise<boolean> | boolean) {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > limitMs)
      throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(20);
  }
}

/** The service under a load that goes on until it is ended. */
class LoadedService {
  private readonly over = new AbortController();
  private samples: Promise<Sample[]> = Promise.resolve([]);
  private client: KeepAliveClient | undefined;
  private startedAt = 0;
  readonly service = RunningService.start({ DATA_DIR: newFolder() });
  readonly pid = this.service.child.pid!;

  static async start(): Promise<LoadedService> {
    const loaded = new LoadedService();
    await loaded.service.ready();
    const client = new KeepAliveClient({ port: Number(new URL(await loaded.service.url()).port) });
    loaded.client = client;
    loaded.startedAt = performance.now();
    loaded.samples = openLoop({
      ratePerSecond,
      durationMs: Infinity,
      // Some come together, so that every process gets work.
      arrivals: "poisson",
      signal: loaded.over.signal,
      send: (index) => client.send(request(index)),
    });
    return loaded;
  }

  endLoad(): Promise<Sample[]> {
    this.over.abort();
    return this.samples;
  }

  /** On the scale of the load's samples. */
  sinceStartMs(): number {
    return performance.now() - this.startedAt;
  }

  inferencePids(): number[] {
    return inferenceProcessesOf(this.pid);
  }

  /** Processes that were replaced, according to the log. */
  replaced(cause: "exited" | "hung"): number {
    return this.service.log.filter((line) => line.cause === cause).length;
  }

  /**
   * Waits until a process other than those known serves: it is the service's own, ready, and computes.
   *
   * @returns how long that took, in milliseconds
   */
  async servesAnew(known: readonly number[], limitMs = slowestReplacedWithinMs): Promise<number> {
    const startedAt = performance.now();
    const left = () => limitMs - (performance.now() - startedAt);
    const fresh = () => this.inferencePids().find((pid) => !known.includes(pid));
    await by(limitMs, "a new process", () => fresh() !== undefined);
    await by(left(), "a new process that is ready", async () => {
      return (await this.service.metric(metrics.inferenceProcesses.name)) === known.length;
    });
    const before = cpuTicks(fresh()!);
    await by(left(), "a new process that computes", () => cpuTicks(fresh()!) > before);
    return performance.now() - startedAt;
  }

  /** Ends everything, however the test went. */
  async kill(): Promise<void> {
    this.over.abort();
    this.client?.close();
    // A process that is stopped does not notice that its service is gone.
    const pids = exists(this.pid) ? [this.pid, ...childrenOf(this.pid)] : [];
    for (const pid of pids.filter(exists)) process.kill(pid, "SIGKILL");
    await this.service.exited;
  }
}

const running: LoadedService[] = [];
async function start(): Promise<LoadedService> {
  const loaded = await LoadedService.start();
  running.push(loaded);
  return loaded;
}
afterEach(async () => {
  for (const loaded of running.splice(0)) await loaded.kill();
});

/**
 * What is wrong with the answers, one sentence a fault.
 *
 * @param faultsAt when processes were killed or stopped, in milliseconds from the start of the load
 */
function faultsOf(samples: readonly Sample[], faultsAt: readonly number[]): string[] {
  const failed = samples.filter(({ status }) => status !== 200);
  const others = failed.filter(
    ({ status, code, retryAfter }) =>
      status !== 503 || !allowedCodes.includes(code ?? "") || !retryAfter,
  );
  const lost = [0, ...faultsAt].map((from, i) => {
    const until = faultsAt[i] ?? Infinity;
    return failed.filter(
      ({ code, answeredMs }) =>
        code === "inference_failed" && from <= answeredMs && answeredMs < until,
    ).length;
  });
  const share = failed.length / samples.length;
  return [
    ...others.map(({ status, code }) => `answered ${status} ${code}`),
    ...lost.flatMap((count, fault) =>
      count > (fault === 0 ? 0 : mostTextsInBatch) ? [`${count} lost by fault ${fault}`] : [],
    ),
    ...(share > 0.1 ? [`${failed.length} of ${samples.length} failed`] : []),
  ];
}

describe("the service under load", () => {
  onLinux(
    "outlives its inference processes, killed or hung 20 times, and loses only what they ran",
    async () => {
      const loaded = await start();
      const { service, pid } = loaded;
      const seen = new Set(loaded.inferencePids());
      const faultsAt: number[] = [];
      const tookMs: number[] = [];
      let memoryMiB = 0;
      for (let fault = 0; fault < faults; fault++) {
        const cause = fault % 2 === 0 ? "exited" : "hung";
        const before = loaded.inferencePids();
        const found = loaded.replaced(cause) + 1;
        faultsAt.push(loaded.sinceStartMs());
        process.kill(before[0]!, cause === "exited" ? "SIGKILL" : "SIGSTOP");
        await service.logged((line) => line.cause === cause && loaded.replaced(cause) === found);
        tookMs.push(await loaded.servesAnew(before));
        expect(loaded.inferencePids()).not.toContain(before[0]);
        for (const child of loaded.inferencePids()) seen.add(child);
        // By then every code path has run, and the heap has its size.
        if (fault === faults / 2) memoryMiB = residentMiB(pid);
      }
      const samples = await loaded.endLoad();
      const grownMiB = residentMiB(pid) - memoryMiB;

      expect(quantile(tookMs, 0.5)).toBeLessThan(replacedWithinMs);
      const restarts = (cause: string) =>
        service.metric(`${metrics.inferenceRestarts.name}{cause="${cause}"}`);
      expect([await restarts("exited"), await restarts("hung")]).toEqual([faults / 2, faults / 2]);
      expect(faultsOf(samples, faultsAt)).toEqual([]);
      // A stopped process is given a batch before anyone can know: the load met the faults.
      const lost = samples.filter(({ code }) => code === "inference_failed").length;
      expect(lost).toBeGreaterThanOrEqual(faults / 2);
      expect(grownMiB).toBeLessThan(30);

      expect(await service.stop()).toBe(0);
      expect(seen.size).toBe(2 + faults);
      expect([...seen].filter(exists)).toEqual([]);
    },
  );

  onLinux("fails the test above if a process that is lost gets no successor", async () => {
    const loaded = await start();
    const before = loaded.inferencePids();
    const faultAt = loaded.sinceStartMs();
    process.kill(before[0]!, "SIGKILL");
    await by(slowestReplacedWithinMs, "a successor", () => {
      const successor = loaded.inferencePids().find((pid) => !before.includes(pid));
      // It never gets ready.
      if (successor !== undefined) process.kill(successor, "SIGSTOP");
      return successor !== undefined;
    });
    await expect(loaded.servesAnew(before, 2_000)).rejects.toThrow("a new process that is ready");
    // The other one goes on.
    expect(faultsOf(await loaded.endLoad(), [faultAt])).toEqual([]);
  });

  it.each<[string, Partial<Sample>[], RegExp]>([
    ["another error than those of a lost process", [{ status: 500, code: "internal" }], /500 int/],
    ["a connection that broke", [{ status: 0, code: "ECONNRESET" }], /answered 0 ECONNRESET/],
    ["a refusal that does not say when to try again", [{ retryAfter: false }], /answered 503/],
    ["more than a batch lost by one fault", Array(mostTextsInBatch).fill({}), /17 lost by fault 1/],
    ["a loss without a fault", [{ answeredMs: 1 }], /1 lost by fault 0/],
  ])("fails the test above for %s", (_what, failures, fault) => {
    const answered = { dueMs: 0, sentMs: 0, answeredMs: 3, status: 200, retryAfter: false };
    const lost = { ...answered, status: 503, code: "inference_failed", retryAfter: true };
    const samples = [...Array<Sample>(1_000).fill(answered), lost];
    expect(faultsOf(samples, [2])).toEqual([]);
    const found = faultsOf([...samples, ...failures.map((one) => ({ ...lost, ...one }))], [2]);
    expect(found).toEqual([expect.stringMatching(fault)]);
  });
});
