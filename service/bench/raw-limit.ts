import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Setup } from "../src/inference/protocol";
import type { FromRawProcess, ToRawProcess } from "./raw-process";

/** How ONNX Runtime is run: so many processes, so many threads in each, so many texts in a batch. */
export interface Layout {
  readonly processes: number;
  readonly threads: number;
  readonly batch: number;
}

/** The model in ONNX Runtime and nothing else: what no service around it can exceed. */
export class RawLimit {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  /** @param ids token ids of the texts; every process gets all of them, and begins at another place */
  static async start(
    { processes, threads }: Pick<Layout, "processes" | "threads">,
    setup: Omit<Setup, "kind" | "threads">,
    ids: readonly Int32Array[],
  ): Promise<RawLimit> {
    const raw = new RawLimit(
      Array.from({ length: processes }, () =>
        fork(join(__dirname, "raw-process.js"), { serialization: "advanced" }),
      ),
    );
    await raw.all(() => ({ kind: "setup", ...setup, threads }));
    await raw.all((i) => {
      const from = Math.floor((i * ids.length) / processes);
      return { kind: "texts", ids: [...ids.slice(from), ...ids.slice(0, from)] };
    });
    return raw;
  }

  /** One text at a time in one process. @returns the median, in ms */
  async p50Ms(count: number): Promise<number> {
    const reply = await ask(this.children[0]!, { kind: "singles", count });
    return reply.kind === "singles" ? reply.p50Ms : NaN;
  }

  /** All processes at once, texts sorted by length. @returns texts per second in all */
  async rate(batch: number, durationMs: number): Promise<number> {
    const replies = await this.all(() => ({ kind: "batches", size: batch, durationMs }));
    return replies.reduce(
      (sum, reply) => sum + (reply.kind === "batches" ? (reply.texts / reply.tookMs) * 1000 : NaN),
      0,
    );
  }

  close(): void {
    for (const child of this.children) child.kill("SIGKILL");
  }

  private all(message: (process: number) => ToRawProcess): Promise<FromRawProcess[]> {
    return Promise.all(this.children.map((child, i) => ask(child, message(i))));
  }
}

async function ask(child: ChildProcess, message: ToRawProcess): Promise<FromRawProcess> {
  child.send(message);
  const [reply] = (await once(child, "message")) as [FromRawProcess];
  return reply;
}
