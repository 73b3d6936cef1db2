import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { paths } from "@berth/contract";
import type { AnalyzeResponse, SettingsEnv } from "@berth/contract";

const entryFile = join(__dirname, "..", "..", "dist", "main.js");

interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The built service as a process of its own. */
export class RunningService {
  readonly log: LogLine[] = [];
  errorOutput = "";
  private waiting: { matches: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = [];

  private constructor(
    readonly child: ChildProcess,
    readonly exited: Promise<number | NodeJS.Signals>,
  ) {
    createInterface({ input: child.stdout! }).on("line", (text) => {
      const line = JSON.parse(text) as LogLine;
      this.log.push(line);
      for (const one of this.waiting.filter(({ matches }) => matches(line))) one.resolve(line);
    });
    child.stderr!.on("data", (chunk) => (this.errorOutput += chunk));
  }

  /**
   * Starts the service; a free port and two inference processes unless `env` says otherwise.
   *
   * @param limits `openFiles`: files and connections that it may have open
   */
  static start(
    env: SettingsEnv & { DATA_DIR: string },
    limits: { readonly openFiles?: number } = {},
  ): RunningService {
    const command =
      limits.openFiles === undefined
        ? []
        : ["sh", "-c", `ulimit -n ${limits.openFiles} && exec "$0" "$@"`];
    const [program, ...args] = [...command, process.execPath, entryFile];
    const child = spawn(program!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, PORT: "0", INFERENCE_PROCESSES: "2", ...env },
    });
    const exited = once(child, "close").then(([code, signal]) => signal ?? code);
    return new RunningService(child, exited);
  }

  /** Waits for a log line; one that was written already counts. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const found = this.log.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      this.waiting.push({ matches, resolve });
      void this.exited.then((status) =>
        reject(new Error(`the service ended with ${status}: ${this.errorOutput}`)),
      );
    });
  }

  /** Its address, once it listens. */
  async url(): Promise<string> {
    const { port } = await this.logged((line) => line.msg === "listening");
    return `http://127.0.0.1:${port}`;
  }

  async ready(): Promise<void> {
    await this.logged((line) => line.msg === "ready");
  }

  async analyze(text: string): Promise<Response> {
    return fetch((await this.url()) + paths.analyze, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text }),
    });
  }

  /** @throws if it is not answered with 200 */
  async label(text: string): Promise<AnalyzeResponse> {
    const response = await this.analyze(text);
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as AnalyzeResponse;
  }

  /** Value of a series in the metrics. */
  async metric(series: string): Promise<number> {
    const text = await (await fetch((await this.url()) + paths.metrics)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.split(" ")[1]);
  }

  /** Ends it. @returns exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exited;
  }
}
