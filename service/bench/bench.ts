import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { modelPrefix, paths, servedModel } from "@berth/contract";
import { HuggingFaceTokenizer } from "../src/adapters/huggingface-tokenizer";
import { ProcessInferenceRuntime } from "../src/adapters/process-inference-runtime";
import { clean } from "../src/domain/clean";
import { inferenceSetup } from "../src/model/load-model";
import { verifyFolder } from "../src/model/verify-model";
import { benchTexts } from "./texts";

// Compares the service over HTTP, history on, with the raw limit of the same model and texts in the same process layout,
// side by side in one run. Machines are noisy: read the ratios.

const service = join(__dirname, "..", "..");
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const secondsPerRound = Number(process.env.BENCH_SECONDS ?? 5);
const processes = availableParallelism();

/** Requests in flight: enough that no process ever waits for work. */
const concurrency = processes * 16;

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Keeps `width` calls in flight for a while. @returns calls per second */
async function saturate(width: number, call: (i: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  let next = 0;
  const worker = async () => {
    while (performance.now() - startedAt < secondsPerRound * 1000) {
      await call(next++);
      done++;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return done / ((performance.now() - startedAt) / 1000);
}

/** Calls one after another. @returns median milliseconds */
async function unloaded(count: number, call: (i: number) => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await call(i);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

function post(agent: Agent, port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ text });
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    };
    const sent = request(
      { agent, port, path: paths.analyze, method: "POST", headers },
      (response) => {
        response.resume();
        response.on("end", () =>
          response.statusCode === 200
            ? resolve()
            : reject(new Error(`status ${response.statusCode}`)),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function main(): Promise<void> {
  const model = await verifyFolder(join(service, "model", modelPrefix(servedModel)), servedModel);
  const tokenizer = await HuggingFaceTokenizer.load(model.folder, model.manifest);
  const texts = benchTexts(model.manifest, 500);
  const ids = await Promise.all(
    texts.map(async (text) => (await tokenizer.encode(clean(text))).ids),
  );

  const raw = new ProcessInferenceRuntime({
    entryFile: join(service, "dist", "inference-process.js"),
    processes,
    setup: inferenceSetup(model, 1),
  });
  await raw.start();
  const data = mkdtempSync(join(tmpdir(), "berth-bench-"));
  const child = spawn(process.execPath, [join(service, "dist", "main.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      DATA_DIR: data,
      QUEUE_LIMIT: String(concurrency * 2),
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    let listening = 0;
    let output = "";
    child.on("exit", () => reject(new Error(`the service ended:\n${output}`)));
    child.stdout.on("data", (chunk) => {
      output += chunk;
      listening ||= Number(/"port":(\d+)/.exec(output)?.[1] ?? 0);
      if (output.includes('"ready"')) resolve(listening);
      output = output.slice(-10_000);
    });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const runRaw = async (i: number) => void (await raw.run([ids[i % ids.length]!]));
  const runHttp = (i: number) => post(agent, port, texts[i % texts.length]!);

  const figures = {
    rawRate: [] as number[],
    httpRate: [] as number[],
    rawMs: [] as number[],
    httpMs: [] as number[],
  };
  await unloaded(100, runRaw);
  await unloaded(100, runHttp);
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    figures.rawMs.push(await unloaded(200, runRaw));
    figures.httpMs.push(await unloaded(200, runHttp));
    figures.rawRate.push(await saturate(processes, runRaw));
    figures.httpRate.push(await saturate(concurrency, runHttp));
  }
  child.kill("SIGTERM");
  await raw.close();
  agent.destroy();
  rmSync(data, { recursive: true, force: true });

  const ratios = (over: number[], under: number[]) =>
    median(over.map((value, i) => value / under[i]!)).toFixed(2);
  const mean = ids.reduce((sum, one) => sum + one.length, 0) / ids.length;
  console.log(
    `${processes} inference processes; texts of ${mean.toFixed(0)} tokens on average; medians of ${rounds} rounds`,
  );
  console.table({
    "goodput at saturation, per second": {
      http: median(figures.httpRate).toFixed(0),
      raw: median(figures.rawRate).toFixed(0),
      "http / raw": ratios(figures.httpRate, figures.rawRate),
    },
    "unloaded p50, ms": {
      http: median(figures.httpMs).toFixed(2),
      raw: median(figures.rawMs).toFixed(2),
      "http / raw": ratios(figures.httpMs, figures.rawMs),
    },
  });
  process.exit(0);
}

main().catch((error: Error) => {
  console.error(`bench: ${error.stack}`);
  process.exit(1);
});
