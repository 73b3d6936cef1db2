import { availableParallelism } from "node:os";
import { latencyMs, quantile } from "../test/support/open-loop";
import type { Sample } from "../test/support/open-loop";
import { median, ratio } from "./figures";
import type { Row } from "./figures";
import { startLoad } from "./open-loop";
import type { Load } from "./open-loop";
import { startPeer } from "./peers/peer";
import { RawLimit } from "./raw-limit";
import type { Layout } from "./raw-limit";
import type { ServiceProcess } from "./service-process";
import type { Subject } from "./subject";

export interface SpeedOptions {
  readonly subject: Subject;
  readonly service: ServiceProcess;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly progress: (text: string) => void;
}

/** What the other sections go by. */
export interface SpeedFigures {
  readonly rows: readonly Row[];
  /** Answers per second at saturation. */
  readonly saturation: number;
  /** Of one request at a time, in ms. */
  readonly unloadedP50Ms: number;
}

/** Arrival rate at saturation, over what was answered: more than can be, so that a process never lacks work. */
const overAnswered = 1.3;

/** What is due within so many milliseconds at saturation is sent together, to leave the machine to the service. */
const saturationTickMs = 10;

/** Answers before anything is measured: V8 goes on compiling for about as many. */
const warmUpAnswers = 10_000;

/** In flight while warming up. */
const warmUpWidth = 32;

/** A part of each measured stretch at its beginning that does not count: queues fill. */
const warmUpShare = 0.15;

/** Goodput, latency and the Python peer, all in turns within one run. */
export async function speed(options: SpeedOptions): Promise<SpeedFigures> {
  const { subject, service, rounds, secondsPerRound, progress } = options;
  const durationMs = secondsPerRound * 1000;
  const layout = await bestLayout(options);
  const raw = await RawLimit.start(layout, subject.setup, subject.ids);
  const load = startLoad({ port: service.port, texts: subject.texts });
  progress("the Python peer (installed on first use)");
  const peer = await startPeer();
  const peerLoad =
    "missing" in peer
      ? undefined
      : startLoad({ port: Number(new URL(peer.url).port), texts: subject.texts });

  progress(`warming up with ${warmUpAnswers} short texts`);
  await warmUp(service);
  const guess = goodput(
    (await load.closed({ width: warmUpWidth, durationMs })).samples,
    durationMs,
  );
  const peerWidth = availableParallelism() * 2;
  const peerGuess =
    peerLoad === undefined
      ? NaN
      : goodput((await peerLoad.closed({ width: peerWidth, durationMs: 4_000 })).samples, 4_000);

  const figures = {
    rawRate: [] as number[],
    httpRate: [] as number[],
    peerRate: [] as number[],
    rawMs: [] as number[],
    httpMs: [] as number[],
    p99Ms: [] as number[],
    poissonP99Ms: [] as number[],
    generatorMicros: [] as number[],
  };
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`);
    figures.rawMs.push(await raw.p50Ms(300));
    const unloaded = await load.closed({ width: 1, durationMs: 3_000 });
    figures.httpMs.push(quantile(unloaded.samples.map(latencyMs), 0.5));
    const rawRate = await raw.rate(layout.batch, durationMs);
    figures.rawRate.push(rawRate);
    const saturated = await load.open({
      ratePerSecond: overAnswered * Math.max(guess, ...figures.httpRate),
      durationMs,
      tickMs: saturationTickMs,
    });
    figures.httpRate.push(goodput(saturated.samples, durationMs));
    figures.generatorMicros.push(saturated.cpuMicrosPerRequest);
    if (peerLoad !== undefined)
      figures.peerRate.push(await peerGoodput(peerLoad, peerGuess, durationMs));
  }
  const saturation = median(figures.httpRate);
  for (let round = 1; round <= rounds; round++) {
    progress(`at 0.7 of saturation, round ${round} of ${rounds}`);
    const at = { ratePerSecond: 0.7 * saturation, durationMs: 2 * durationMs };
    figures.p99Ms.push(p99((await load.open(at)).samples));
    figures.poissonP99Ms.push(p99((await load.open({ ...at, arrivals: "poisson" })).samples));
  }
  raw.close();
  load.close();
  peerLoad?.close();
  if (!("missing" in peer)) await peer.stop();

  const unloadedP50Ms = median(figures.httpMs);
  const goodputRatio = ratio(figures.httpRate, figures.rawRate);
  const unloadedRatio = ratio(figures.httpMs, figures.rawMs);
  const p99Ratio = median(figures.p99Ms) / unloadedP50Ms;
  const rows: Row[] = [
    {
      name: `raw limit: ${layout.processes} x ${layout.threads} thread, batches of ${layout.batch}, sorted by length`,
      goal: "",
      value: `${median(figures.rawRate).toFixed(0)} per second`,
      met: undefined,
    },
    {
      name: "goodput over HTTP at saturation, history on",
      goal: "",
      value: `${saturation.toFixed(0)} per second`,
      met: undefined,
    },
    {
      name: "goodput over HTTP / raw limit",
      goal: ">= 0.90",
      value: goodputRatio.text,
      met: goodputRatio.median >= 0.9,
    },
    peerRow(peer, figures.httpRate, figures.peerRate),
    {
      name: "unloaded p50 / bare ONNX Runtime",
      goal: "<= 1.5",
      value: `${unloadedRatio.text}, ${unloadedP50Ms.toFixed(1)} ms`,
      met: unloadedRatio.median <= 1.5,
    },
    {
      name: "p99 at 0.7 of saturation / unloaded p50",
      goal: "<= 3",
      value: `${p99Ratio.toFixed(2)}, ${median(figures.p99Ms).toFixed(1)} ms`,
      met: p99Ratio <= 3,
    },
    {
      name: "the same with Poisson arrivals",
      goal: "",
      value: `${(median(figures.poissonP99Ms) / unloadedP50Ms).toFixed(2)}, ${median(figures.poissonP99Ms).toFixed(1)} ms`,
      met: undefined,
    },
    {
      name: "the load generator's own CPU, on the same machine",
      goal: "",
      value: `${median(figures.generatorMicros).toFixed(0)} us a request`,
      met: undefined,
    },
  ];
  return { rows, saturation, unloadedP50Ms };
}

/** Short texts take the same way as long ones, in a fraction of the time. */
async function warmUp({ port }: ServiceProcess): Promise<void> {
  const load = startLoad({ port, texts: ["Shares fell sharply on Monday."] });
  for (let answers = 0; answers < warmUpAnswers;)
    answers += (await load.closed({ width: warmUpWidth, durationMs: 1_000 })).samples.length;
  load.close();
}

function peerRow(
  peer: Awaited<ReturnType<typeof startPeer>>,
  httpRate: readonly number[],
  peerRate: readonly number[],
): Row {
  const name = "goodput / FastAPI with torch, the same weights";
  if ("missing" in peer)
    return { name, goal: ">= 6", value: `not measured: ${peer.missing}`, met: undefined };
  const { median: middle, text } = ratio(httpRate, peerRate);
  const value = `${text}, peer ${median(peerRate).toFixed(0)} per second`;
  return { name, goal: ">= 6", value, met: middle >= 6 };
}

/** Which layout of ONNX Runtime alone gives most on this machine: tried for a moment each. */
async function bestLayout({ subject, progress }: SpeedOptions): Promise<Layout> {
  const cpus = availableParallelism();
  let best: { layout: Layout; rate: number } | undefined;
  for (const { processes, threads } of [
    { processes: cpus, threads: 1 },
    { processes: 1, threads: cpus },
  ]) {
    const raw = await RawLimit.start({ processes, threads }, subject.setup, subject.ids);
    for (const batch of [1, 4, 8, 16]) {
      const rate = await raw.rate(batch, 2_500);
      progress(
        `ONNX Runtime alone, ${processes} x ${threads} thread, batches of ${batch}: ${rate.toFixed(0)} per second`,
      );
      if (best === undefined || rate > best.rate)
        best = { layout: { processes, threads, batch }, rate };
    }
    raw.close();
    if (cpus === 1) break;
  }
  return best!.layout;
}

/** A plain stack has no bounded queue: beyond what it can answer its answers only grow late. So: its best of both. */
async function peerGoodput(load: Load, guess: number, durationMs: number): Promise<number> {
  const open = await load.open({ ratePerSecond: guess * 1.05, durationMs });
  const closed = await load.closed({ width: availableParallelism() * 2, durationMs });
  return Math.max(goodput(open.samples, durationMs), goodput(closed.samples, durationMs));
}

/** Answers with status 200 per second, within the load's time and without its beginning. */
function goodput(samples: readonly Sample[], durationMs: number): number {
  const from = durationMs * warmUpShare;
  const good = samples.filter(
    ({ status, answeredMs }) => status === 200 && answeredMs >= from && answeredMs < durationMs,
  );
  return (good.length / (durationMs - from)) * 1000;
}

function p99(samples: readonly Sample[]): number {
  const failed = samples.filter(({ status }) => status !== 200);
  if (failed.length > 0)
    throw new Error(
      `${failed.length} of ${samples.length} requests failed at 0.7 of saturation, the first with ${failed[0]!.status} ${failed[0]!.code}`,
    );
  return quantile(samples.map(latencyMs), 0.99);
}
