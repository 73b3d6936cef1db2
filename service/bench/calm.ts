import { metrics, paths } from "@berth/contract";
import { latencyMs, lateSends, quantile, statusCounts } from "../test/support/open-loop";
import type { Sample } from "../test/support/open-loop";
import type { Row } from "./figures";
import { startLoad } from "./open-loop";
import type { Load } from "./open-loop";
import type { ServiceProcess } from "./service-process";
import type { Subject } from "./subject";

export interface CalmOptions {
  readonly subject: Subject;
  readonly service: ServiceProcess;
  /** Answers per second at saturation. */
  readonly saturation: number;
  /** Of the overload. */
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

/** Arrival rates as multiples of saturation. */
const overload = 5;
const normal = 0.5;

const normalMs = 10_000;

/** Latencies are normal again by then. */
const recoveredAfterMs = 5_000;

/** Normal again: at most this many times what it was before. Quantiles of one run differ by as much from run to run. */
const sameWithin = 1.5;

const lookEveryMs = 250;
const sockets = 2_000;

/** What becomes of the service, and of its clients, when far more is asked than it can do. */
export async function calm(options: CalmOptions): Promise<Row[]> {
  const { subject, service, saturation, seconds, progress } = options;
  const load = startLoad({ port: service.port, texts: subject.texts });
  const durationMs = seconds * 1000;
  progress(`normal load, at ${normal} of saturation`);
  const ratePerSecond = normal * saturation;
  await load.open({ ratePerSecond, durationMs: normalMs / 2 });
  const before = await load.open({ ratePerSecond, durationMs: normalMs });
  progress(`${overload} times saturation for ${seconds} s`);
  const look = await Look.start(service);
  const { samples, cpuMicrosPerRequest } = await load.open({
    ratePerSecond: overload * saturation,
    durationMs,
  });
  const seen = await look.end();
  progress("normal load again");
  const after = await load.open({ ratePerSecond, durationMs: recoveredAfterMs + normalMs });
  const rows = [
    ...answers(samples, durationMs, saturation),
    ...looks(seen),
    recovery(before.samples, after.samples),
    ...(await manySockets(load, service, progress)),
    {
      name: "the load generator itself, at that rate",
      goal: "",
      value:
        `${cpuMicrosPerRequest.toFixed(0)} us of CPU a request, ` +
        `${((overload * saturation * cpuMicrosPerRequest) / 1e4).toFixed(0)} % of one CPU; ` +
        `${lateSends(samples)} of ${samples.length} sent more than 10 ms late`,
      met: undefined,
    },
  ];
  load.close();
  return rows;
}

function answers(samples: readonly Sample[], durationMs: number, saturation: number): Row[] {
  const good = samples.filter(
    ({ status, answeredMs }) => status === 200 && answeredMs <= durationMs,
  );
  const goodput = good.length / (durationMs / 1000);
  const refused = samples.filter(({ status }) => status !== 200);
  const wrong = refused.filter(
    ({ status, retryAfter }) => (status !== 429 && status !== 503) || !retryAfter,
  );
  const codes: Record<string, number> = {};
  for (const { code = "none" } of refused) codes[code] = (codes[code] ?? 0) + 1;
  const refusedMs = quantile(refused.map(latencyMs), 0.99);
  const sinceSentMs = quantile(
    refused.map(({ sentMs, answeredMs }) => answeredMs - sentMs),
    0.99,
  );
  return [
    {
      name: `goodput at ${overload} times saturation, of saturation`,
      goal: ">= 0.90",
      value: `${(goodput / saturation).toFixed(2)} (${goodput.toFixed(0)} of ${saturation.toFixed(0)} per second)`,
      met: goodput / saturation >= 0.9,
    },
    {
      name: "refusals that are no 429 or 503 with Retry-After",
      goal: "0",
      value: `${wrong.length} of ${refused.length}; by status ${JSON.stringify(statusCounts(samples))}, by code ${JSON.stringify(codes)}`,
      met: wrong.length === 0,
    },
    {
      name: "refusals answered, p99",
      goal: "<= 50 ms",
      value:
        `${refusedMs.toFixed(1)} ms (p50 ${quantile(refused.map(latencyMs), 0.5).toFixed(1)} ms; ` +
        `from when they were sent, p99 ${sinceSentMs.toFixed(1)} ms)`,
      met: refusedMs <= 50,
    },
  ];
}

function looks({ depths, limit, healthzMs, delay }: Seen): Row[] {
  const deepest = Math.max(...depths);
  const healthz = quantile(healthzMs, 0.99);
  return [
    {
      name: `deepest queue, of ${depths.length} looks`,
      goal: `<= ${limit}`,
      value: String(deepest),
      met: deepest <= limit,
    },
    {
      name: `${paths.healthz} while every core infers and requests are refused, p99`,
      goal: "<= 50 ms",
      value: `${healthz.toFixed(1)} ms (p50 ${quantile(healthzMs, 0.5).toFixed(1)} ms)`,
      met: healthz <= 50,
    },
    {
      name: "event loop delay meanwhile, p99",
      goal: "< 20 ms",
      value: `<= ${(delay * 1000).toFixed(0)} ms`,
      met: delay * 1000 <= 20,
    },
  ];
}

function recovery(before: readonly Sample[], after: readonly Sample[]): Row {
  const p99 = (samples: readonly Sample[]) => quantile(samples.map(latencyMs), 0.99);
  const usualMs = p99(before);
  const againMs = p99(after.filter(({ dueMs }) => dueMs >= recoveredAfterMs));
  return {
    name: `p99 at ${normal} of saturation, from ${recoveredAfterMs / 1000} s after the overload`,
    goal: `<= ${(sameWithin * usualMs).toFixed(1)} ms, ${sameWithin} times that before`,
    value: `${againMs.toFixed(1)} ms (before ${usualMs.toFixed(1)} ms), by status ${JSON.stringify(statusCounts(after))}`,
    met: againMs <= sameWithin * usualMs,
  };
}

/** All of them send at once, again and again. */
async function manySockets(
  load: Load,
  service: ServiceProcess,
  progress: CalmOptions["progress"],
): Promise<Row[]> {
  progress(`${sockets} sockets at once`);
  const beforeMiB = service.memoryMiB();
  let mostMiB = beforeMiB;
  const timer = setInterval(() => (mostMiB = Math.max(mostMiB, service.memoryMiB())), lookEveryMs);
  const { samples } = await load.closed({ width: sockets, durationMs: normalMs / 2 });
  clearInterval(timer);
  const others = samples.filter(({ status }) => ![200, 429, 503].includes(status));
  return [
    {
      name: `memory that ${sockets} sockets at once add`,
      goal: "<= 100 MiB",
      value: `${(mostMiB - beforeMiB).toFixed(0)} MiB; ${others.length} of ${samples.length} answers other than 200, 429, 503`,
      met: mostMiB - beforeMiB <= 100 && others.length === 0,
    },
  ];
}

/** What was seen of the service meanwhile. */
interface Seen {
  readonly depths: readonly number[];
  readonly limit: number;
  readonly healthzMs: readonly number[];
  /** p99 of the event loop's delay in seconds, as the bound of its bucket. */
  readonly delay: number;
}

/** Looks at the service from outside again and again. */
class Look {
  private readonly depths: number[] = [];
  private readonly healthzMs: number[] = [];
  private limit = 0;
  private ended = false;
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly url: string,
    private readonly delaysBefore: ReadonlyMap<number, number>,
  ) {}

  static async start({ port }: ServiceProcess): Promise<Look> {
    const url = `http://127.0.0.1:${port}`;
    const look = new Look(url, delays(await scrape(url)));
    look.running = look.run();
    return look;
  }

  async end(): Promise<Seen> {
    this.ended = true;
    await this.running;
    const after = delays(await scrape(this.url));
    const counts = new Map([...after].map(([le, n]) => [le, n - this.delaysBefore.get(le)!]));
    return {
      depths: this.depths,
      limit: this.limit,
      healthzMs: this.healthzMs,
      delay: quantileBound(counts, 0.99),
    };
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      const startedAt = performance.now();
      await (await fetch(this.url + paths.healthz)).text();
      this.healthzMs.push(performance.now() - startedAt);
      const series = await scrape(this.url);
      this.depths.push(series.get(`${metrics.queueDepth.name}{lane="interactive"}`)!);
      this.limit = series.get(metrics.queueLimit.name)!;
      const leftMs = lookEveryMs - (performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
    }
  }
}

/** Every series of the service by its name and labels. */
async function scrape(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(url + paths.metrics)).text();
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
  );
}

/** Observations of the event loop's delay up to each bound, in seconds. */
function delays(series: ReadonlyMap<string, number>): Map<number, number> {
  const { name, buckets } = metrics.eventLoopDelay;
  return new Map(
    [...buckets.map(String), "+Inf"].map((le) => [
      le === "+Inf" ? Infinity : Number(le),
      series.get(`${name}_bucket{le="${le}"}`)!,
    ]),
  );
}

/** The least bound that a share `q` of the observations does not exceed. */
function quantileBound(counts: ReadonlyMap<number, number>, q: number): number {
  const all = counts.get(Infinity)!;
  return [...counts.keys()].find((le) => counts.get(le)! >= q * all)!;
}
