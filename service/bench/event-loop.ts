import { setTimeout as delay } from "node:timers/promises";
import { maxTextCharacters, metrics, paths } from "@berth/contract";
import type { Row } from "./figures";
import type { ServiceProcess } from "./service-process";

/** Texts that take longest to prepare: NFKC makes the first eighteen times as long, the second has most tokens. */
const bursts: Readonly<Record<string, string>> = {
  "U+FDFA": "\ufdfa",
  "Chinese characters": "国",
};

/** Requests at once, each followed by the next as soon as it is answered or refused. */
const clients = 32;

/** How often /healthz is asked. */
const pauseMs = 20;

const goal = { delayMs: 20, healthzMs: 50 } as const;

export interface EventLoopOptions {
  readonly service: ServiceProcess;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

/** What others notice while the longest texts come in: the event loop's delay, and how long /healthz takes. */
export async function eventLoop({ service, seconds, progress }: EventLoopOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const url = `http://127.0.0.1:${service.port}`;
  for (const [name, character] of Object.entries(bursts)) {
    progress(`event loop: ${clients} clients send ${name} for ${seconds} s`);
    const before = await delays(url);
    const end = performance.now() + seconds * 1_000;
    const body = JSON.stringify({ text: character.repeat(maxTextCharacters) });
    const statuses = new Map<number, number>();
    const send = async () => {
      while (performance.now() < end) {
        const response = await fetch(url + paths.analyze, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body,
        });
        await response.arrayBuffer();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        // A client waits before it tries again.
        if (response.status !== 200) await delay(200);
      }
    };
    const asked: number[] = [];
    const ask = async () => {
      while (performance.now() < end) {
        const startedAt = performance.now();
        await (await fetch(url + paths.healthz)).arrayBuffer();
        asked.push(performance.now() - startedAt);
        await delay(pauseMs);
      }
    };
    await Promise.all([...Array.from({ length: clients }, send), ask()]);
    const delayMs = p99((await delays(url)).map(([bound, n], i) => [bound, n - before[i]![1]]));
    asked.sort((a, b) => a - b);
    const healthzMs = asked[Math.ceil(asked.length * 0.99) - 1]!;
    const answers = [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
    rows.push(
      {
        name: `event loop delay, p99, while ${clients} clients send 20,000 ${name}`,
        goal: `< ${goal.delayMs} ms`,
        value: `<= ${delayMs.toFixed(0)} ms (${answers})`,
        met: delayMs < goal.delayMs,
      },
      {
        name: `/healthz, p99, meanwhile`,
        goal: `<= ${goal.healthzMs} ms`,
        value: `${healthzMs.toFixed(1)} ms, at most ${asked.at(-1)!.toFixed(1)} ms`,
        met: healthzMs <= goal.healthzMs,
      },
    );
  }
  return rows;
}

/** The service's own histogram of its event loop's delay: upper bound in ms, and how many so far. */
async function delays(url: string): Promise<[boundMs: number, count: number][]> {
  const text = await (await fetch(url + paths.metrics)).text();
  const series = new RegExp(
    `^${metrics.eventLoopDelay.name}_bucket\\{le="([^"]+)"\\} (\\d+)$`,
    "gm",
  );
  return [...text.matchAll(series)].map(([, bound, count]) => [
    bound === "+Inf" ? Infinity : Number(bound) * 1_000,
    Number(count),
  ]);
}

/** Upper bound of the bucket that the 99th percentile lies in. */
function p99(buckets: readonly (readonly [number, number])[]): number {
  const total = buckets.at(-1)![1];
  return buckets.find(([, count]) => count >= 0.99 * total)![0];
}
