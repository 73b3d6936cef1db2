import { FakeMongoServer } from "../test/support/fake-mongo-server";
import { FaultProxy } from "../test/support/fault-proxy";
import type { Fault } from "../test/support/fault-proxy";
import { latencyMs, quantile, statusCounts } from "../test/support/open-loop";
import { ratio } from "./figures";
import type { Row } from "./figures";
import { startLoad } from "./open-loop";
import type { Load } from "./open-loop";
import { startService } from "./service-process";
import type { Subject } from "./subject";

export interface HistoryFaultsOptions {
  readonly subject: Subject;
  /** Requests per second, below saturation: what is looked for is what the faults add, not the queue. */
  readonly ratePerSecond: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly progress: (text: string) => void;
}

const faults: Readonly<Record<string, Fault>> = {
  "away (connections refused)": { kind: "away" },
  "away (black hole)": { kind: "blackHole" },
  "slow (1 s)": { kind: "delay", delayMs: 1_000 },
};

const goal = 1.1;

/**
 * What MongoDB's faults do to analyses: p99 with a fault over p99 without, in turns, on one service. MongoDB is a double that
 * acknowledges at once, behind a proxy that makes the faults: a real one beside the service would cost CPU while it is there,
 * and so flatter the times when it is away.
 */
export async function historyFaults(options: HistoryFaultsOptions): Promise<Row[]> {
  const { subject, ratePerSecond, rounds, secondsPerRound, progress } = options;
  const mongo = await FakeMongoServer.start();
  const proxy = await FaultProxy.start({ host: "127.0.0.1", port: mongo.port });
  const service = await startService({ MONGODB_URI: `mongodb://127.0.0.1:${proxy.port}/berth` });
  const load = startLoad({ port: service.port, texts: subject.texts });
  try {
    await p99(load, ratePerSecond, secondsPerRound);
    const rows: Row[] = [];
    for (const [name, fault] of Object.entries(faults)) {
      const [without, within]: [number[], number[]] = [[], []];
      let failed = 0;
      for (let round = 1; round <= rounds; round++) {
        progress(`MongoDB ${name}, round ${round} of ${rounds}`);
        for (const [kind, figures] of [
          [{ kind: "none" }, without],
          [fault, within],
        ] as const) {
          await proxy.set(kind);
          const measured = await p99(load, ratePerSecond, secondsPerRound);
          figures.push(measured.p99Ms);
          failed += measured.failed;
        }
      }
      await proxy.set({ kind: "none" });
      const { median, text } = ratio(within, without);
      rows.push({
        name: `p99 with MongoDB ${name} / p99 with it there, at ${ratePerSecond.toFixed(0)} per second`,
        goal: `<= ${goal.toFixed(2)}, none failed`,
        value: `${text}, ${failed} failed`,
        met: median <= goal && failed === 0,
      });
    }
    return rows;
  } finally {
    load.close();
    await service.stop();
    proxy.close();
    mongo.close();
  }
}

async function p99(load: Load, ratePerSecond: number, seconds: number) {
  const { samples } = await load.open({ ratePerSecond, durationMs: seconds * 1_000 });
  return {
    p99Ms: quantile(samples.map(latencyMs), 0.99),
    failed: samples.length - (statusCounts(samples)[200] ?? 0),
  };
}
