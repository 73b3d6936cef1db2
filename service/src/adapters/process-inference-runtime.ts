import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { latencyBudget } from "@berth/contract";
import { InferencePace } from "../inference/inference-pace";
import type { FromProcess, Setup, ToProcess } from "../inference/protocol";
import { InferenceProcessError } from "../ports/inference-runtime";
import type { InferenceRuntime } from "../ports/inference-runtime";

/** Why a process was replaced. */
export const restartCauses = ["exited", "hung"] as const;
export type RestartCause = (typeof restartCauses)[number];

export interface ProcessInferenceRuntimeOptions {
  /** Compiled `inference-process`. */
  readonly entryFile: string;
  readonly processes: number;
  readonly setup: Omit<Setup, "kind">;
  /** Node that runs it. @default the one that runs the service */
  readonly execPath?: string;
  /**
   * A batch that takes longer is given up and its process replaced; sooner where it takes many times what its tokens
   * usually take. @default latencyBudget.inferenceLimitMs
   */
  readonly hungAfterMs?: number;
  readonly onRestart?: (cause: RestartCause, message: string) => void;
}

interface Running {
  readonly id: number;
  readonly startedAt: number;
  /** With padding. */
  readonly tokens: number;
  readonly texts: number;
  timer: NodeJS.Timeout;
  resolve(logits: Float32Array[]): void;
  reject(error: InferenceProcessError): void;
}

interface Slot {
  child: ChildProcess | undefined;
  ready: boolean;
  running: Running | undefined;
  /** Processes of this slot that ended before they were ready, in a row. */
  failedStarts: number;
}

/** A batch is not taken for hung before this long, however short it is: a busy machine stalls anything now and then. */
const patienceMs = 1_000;

/** Nor before this many times what its tokens take on average. */
const patienceFactor = 20;

/** When the whole machine stood still, timers come before answers: an answer that is there already is taken. */
const lastChanceMs = 50;

/** Loading a model takes a second; a process that is not ready by then never will be. */
const startLimitMs = 60_000;

/** Between a process that failed to start and the next try: doubled each time, capped. */
const restartDelayMs = { first: 100, most: 10_000 } as const;

/** ONNX Runtime in separate processes, each with one session. A process that dies or hangs is replaced. */
export class ProcessInferenceRuntime implements InferenceRuntime {
  private readonly slots: Slot[];
  private readonly listeners: (() => void)[] = [];
  private readonly hungAfterMs: number;
  private readonly pace = new InferencePace();
  private nextId = 1;
  private closing = false;

  constructor(private readonly options: ProcessInferenceRuntimeOptions) {
    this.hungAfterMs = options.hungAfterMs ?? latencyBudget.inferenceLimitMs;
    this.slots = Array.from({ length: options.processes }, () => ({
      child: undefined,
      ready: false,
      running: undefined,
      failedStarts: 0,
    }));
  }

  async start(): Promise<void> {
    try {
      await Promise.all(this.slots.map((slot) => this.launch(slot)));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get processes(): number {
    return this.slots.length;
  }

  ready(): number {
    return this.slots.filter((slot) => slot.ready).length;
  }

  /** Process ids, for tests and tools that end one on purpose. */
  get pids(): number[] {
    return this.slots.flatMap((slot) => slot.child?.pid ?? []);
  }

  idle(): number {
    return this.slots.filter((slot) => slot.ready && slot.running === undefined).length;
  }

  onIdle(listener: () => void): void {
    this.listeners.push(listener);
  }

  run(batch: readonly Int32Array[]): Promise<Float32Array[]> {
    const slot = this.slots.find((candidate) => candidate.ready && candidate.running === undefined);
    if (slot === undefined)
      return Promise.reject(new InferenceProcessError("no inference process is free"));
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      const tokens = batch.length * Math.max(...batch.map((ids) => ids.length));
      const limitMs = this.limitMs(tokens);
      const startedAt = performance.now();
      const running: Running = {
        id,
        startedAt,
        tokens,
        texts: batch.length,
        resolve,
        reject,
        timer: setTimeout(() => {
          running.timer = setTimeout(() => this.endHung(slot, limitMs), lastChanceMs);
        }, limitMs),
      };
      slot.running = running;
      this.post(slot, { kind: "run", id, batch });
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(
      this.slots.map(async ({ child }) => {
        if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null)
          return;
        const exited = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await exited;
      }),
    );
  }

  /** Starts a slot's process; resolves once it has loaded the model, rejects if it ends, or cannot start, before. */
  private launch(slot: Slot): Promise<void> {
    return new Promise((resolve, reject) => {
      let failure = "";
      let over = false;
      const ended = (message: string) => {
        if (over) return;
        over = true;
        clearTimeout(tooSlow);
        const wasReady = slot.ready;
        slot.ready = false;
        this.fail(slot, message);
        reject(new InferenceProcessError(message));
        if (this.closing) return;
        slot.failedStarts = wasReady ? 0 : slot.failedStarts + 1;
        this.options.onRestart?.("exited", message);
        this.relaunch(slot);
      };
      const tooSlow = setTimeout(() => slot.child?.kill("SIGKILL"), startLimitMs);
      try {
        const child = fork(this.options.entryFile, {
          serialization: "advanced",
          ...(this.options.execPath !== undefined && { execPath: this.options.execPath }),
        });
        slot.child = child;
        child.on("message", (message: FromProcess) => {
          if (over || slot.child !== child) return;
          if (message.kind === "ready") {
            clearTimeout(tooSlow);
            slot.ready = true;
            slot.failedStarts = 0;
            resolve();
            this.announceIdle();
          } else if (message.kind === "failed" && message.id === null) failure = message.message;
          else this.settle(slot, message);
        });
        child.on("error", (error) => {
          failure = error.message;
          // A process that could not be made never exits.
          if (child.pid === undefined) ended(failure);
        });
        child.on("exit", (code, signal) =>
          ended(failure || `inference process ended with ${signal ?? `code ${code}`}`),
        );
        this.post(slot, { kind: "setup", ...this.options.setup });
      } catch (error) {
        ended((error as Error).message);
      }
    });
  }

  private relaunch(slot: Slot): void {
    const { first, most } = restartDelayMs;
    const delay = slot.failedStarts === 0 ? 0 : Math.min(most, first * 2 ** slot.failedStarts);
    setTimeout(() => {
      // Its end starts the next try, so a failure needs no answer here.
      if (!this.closing) this.launch(slot).catch(() => {});
    }, delay).unref();
  }

  /** How long a batch may take before its process is taken for hung. */
  private limitMs(tokens: number): number {
    const usualMs = this.pace.inferMs(tokens);
    if (usualMs === undefined) return this.hungAfterMs;
    return Math.min(this.hungAfterMs, patienceMs + patienceFactor * usualMs);
  }

  private endHung(slot: Slot, limitMs: number): void {
    const message = `inference process gave no answer within ${Math.round(limitMs)} ms`;
    slot.ready = false;
    this.fail(slot, message);
    this.options.onRestart?.("hung", message);
    const hung = slot.child;
    hung?.removeAllListeners("exit");
    hung?.removeAllListeners("message");
    hung?.kill("SIGKILL");
    this.relaunch(slot);
  }

  private post(slot: Slot, message: ToProcess): void {
    // A broken channel is followed by the process's exit, which settles what was running.
    if (slot.child?.connected) slot.child.send(message, () => {});
  }

  private settle(slot: Slot, message: Exclude<FromProcess, { kind: "ready" }>): void {
    const running = slot.running;
    if (running === undefined || running.id !== message.id) return;
    clearTimeout(running.timer);
    slot.running = undefined;
    if (message.kind === "done") {
      this.pace.ran(performance.now() - running.startedAt, running);
      running.resolve([...message.logits]);
    } else running.reject(new InferenceProcessError(message.message));
    this.announceIdle();
  }

  private fail(slot: Slot, message: string): void {
    if (slot.running === undefined) return;
    clearTimeout(slot.running.timer);
    slot.running.reject(new InferenceProcessError(message));
    slot.running = undefined;
  }

  private announceIdle(): void {
    for (const listener of this.listeners) listener();
  }
}
