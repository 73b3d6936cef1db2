import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { modelPrefix, servedModel } from "@berth/contract";

/** The Python stack that Berth replaces, running. */
export interface Peer {
  /** Its origin; it answers `POST /api/analyze`. */
  readonly url: string;
  /** Its processes: the parent, then one for each worker. */
  readonly pids: readonly number[];
  /** Its settings in words, for the table. */
  readonly settings: string;
  stop(): Promise<void>;
}

/** Why there is no peer, and what helps. */
export interface MissingPeer {
  readonly missing: string;
}

// Built, this file is part of service/dist/bench/bench.js.
const root = join(__dirname, "..", "..", "..");
const source = join(root, "service", "bench", "peers", "fastapi-torch");
const home = join(root, "node_modules", ".cache", "berth-bench", "fastapi-torch");
const python = join(home, "bin", "python");

/** What torch's wheel needs. */
const oldestPython = [3, 10] as const;

/** Its first start compiles for a minute, on a machine under load for several. */
const startLimitMs = 420_000;

/** A fault whose message is a reason with its remedy. */
class Missing extends Error {}

/**
 * Starts the peer at its best settings: one worker with one thread for each CPU, torch.compile. The first use installs it.
 *
 * @see ./README.md for the settings that were tried
 */
export async function startPeer(): Promise<Peer | MissingPeer> {
  try {
    await install();
    return await start();
  } catch (error) {
    if (error instanceof Missing) return { missing: error.message };
    throw error;
  }
}

async function install(): Promise<void> {
  await requirePython();
  const files = ["requirements.txt", "requirements-torch.txt", "cpu_only_torch.py"];
  const wanted = createHash("sha256");
  for (const file of files) wanted.update(readFileSync(join(source, file)));
  const stamp = join(home, "installed");
  const fingerprint = wanted.digest("hex");
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint)
    return;

  process.stderr.write(
    "peer: installing FastAPI and torch (530 MB to fetch, 1.6 GB on disk), once\n",
  );
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await step("making a Python environment", "python3", ["-m", "venv", home]);
  await step("FastAPI, transformers and the like", python, [
    ...pip,
    ...["--requirement", join(source, "requirements.txt")],
  ]);
  await step("torch, without the CUDA libraries that it names", python, [
    ...pip,
    ...["--no-deps", "--requirement", join(source, "requirements-torch.txt")],
  ]);
  await step("making torch importable without them", python, [join(source, "cpu_only_torch.py")]);
  writeFileSync(stamp, fingerprint);
}

async function requirePython(): Promise<void> {
  const needed = `Python ${oldestPython.join(".")} or later with venv`;
  const found = await run("python3", [
    "-c",
    "import sys, venv, ensurepip; print(*sys.version_info[:2])",
  ]);
  if (found.code !== 0)
    throw new Missing(`there is no ${needed} as python3: install it (python3, python3-venv)`);
  const [major, minor] = found.output.trim().split(" ").map(Number) as [number, number];
  if (major !== oldestPython[0] || minor < oldestPython[1])
    throw new Missing(`python3 is ${major}.${minor}, and torch needs ${needed}: install that`);
}

async function step(what: string, command: string, args: readonly string[]): Promise<void> {
  process.stderr.write(`peer: ${what}\n`);
  const { code, output } = await run(command, args);
  if (code === 0) return;
  process.stderr.write(`${output}\n`);
  const last = output.trim().split("\n").at(-1) ?? "";
  throw new Missing(
    `${what} failed (${last}): it needs the Python package index, 2 GB of disk and, on Linux, a C compiler as cc; ` +
      "see the output above",
  );
}

async function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  } catch (error) {
    return { code: null, output: (error as Error).message };
  }
}

async function start(): Promise<Peer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "berth-peer-"));
  const workers = availableParallelism();
  const child = spawn(python, [join(source, "server.py")], {
    cwd: source,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      PYTHONDONTWRITEBYTECODE: "1",
      PEER_MODEL_DIR: join(root, "service", "model", modelPrefix(servedModel)),
      PEER_PORT: String(port),
      PEER_HISTORY: join(folder, "history.jsonl"),
      PEER_WORKERS: String(workers),
      PEER_COMPILE: "1",
      PEER_END_WITH_PARENT: "1",
      TORCHINDUCTOR_CACHE_DIR: join(home, "compiled"),
    },
  });
  const ended = once(child, "exit");
  const stop = async () => {
    const killer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(killer);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const how = await ready(child, ended, workers);
    const url = `http://127.0.0.1:${port}`;
    await listening(url);
    return {
      url,
      pids: [child.pid!, ...childrenOf(child.pid!)],
      settings: `${workers} workers with 1 thread each, fp32, ${how}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Resolves when every worker has loaded the model and proved that its answers are the manifest's.
 *
 * @returns how the last one computes
 */
async function ready(
  child: ChildProcess,
  ended: Promise<unknown[]>,
  workers: number,
): Promise<string> {
  const last: string[] = [];
  let started = 0;
  let timer: NodeJS.Timeout | undefined;
  createInterface({ input: child.stderr! }).on("line", (line) => {
    last.push(line);
    if (last.length > 20) last.shift();
  });
  const failed = (why: string) => {
    process.stderr.write(`${last.join("\n")}\n`);
    return new Missing(
      `the peer ${why} (${last.at(-1) ?? "it printed nothing"}); see the output above`,
    );
  };
  try {
    return await Promise.race([
      new Promise<string>((resolve) =>
        createInterface({ input: child.stdout! }).on("line", (line) => {
          const how = /^worker ready: (.+)$/.exec(line)?.[1];
          if (how !== undefined && ++started === workers) resolve(how);
        }),
      ),
      ended.then(([code]) => {
        throw failed(`ended with ${String(code)}`);
      }),
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(failed(`was not ready in ${startLimitMs / 1000} s`)),
          startLimitMs,
        );
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** A worker alone opens its port only after it is ready. */
async function listening(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(50);
  }
  throw new Missing(`the peer said that it is ready, but ${url}/healthz does not answer`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Its workers; none where there is no /proc. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number) : [];
}
