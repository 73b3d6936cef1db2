import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { SettingsEnv } from "@berth/contract";

const entryFile = join(__dirname, "..", "..", "dist", "fetch-model.js");

/** The built program of the init container, running. */
export class FetchProgram {
  output = "";
  readonly exited: Promise<number | NodeJS.Signals>;

  private constructor(readonly child: ChildProcess) {
    this.exited = once(child, "close").then(([code, signal]) => signal ?? code);
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (chunk) => (this.output += chunk));
  }

  /** @param launcher program and arguments that start it */
  static start(env: SettingsEnv, launcher: readonly string[] = []): FetchProgram {
    const [command, ...args] = [...launcher, process.execPath, entryFile];
    const child = spawn(command!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        ...env,
      },
    });
    return new FetchProgram(child);
  }

  /** Waits until a share of the weights is there. */
  async reached(share: number): Promise<void> {
    while (!(this.share >= share)) {
      const ended = this.exited.then((status) => {
        throw new Error(`it ended with ${status}: ${this.output}`);
      });
      await Promise.race([once(this.child.stdout!, "data"), ended]);
    }
  }

  /** Share of the weights that it said to be there, last. */
  private get share(): number {
    const [last] = [...this.output.matchAll(/model\.onnx: (\d+) of (\d+)/g)].reverse();
    return Number(last?.[1]) / Number(last?.[2]);
  }

  /** Ends it. @returns exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exited;
  }
}
