import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Arrivals, Sample } from "../test/support/open-loop";

/** Where the load goes. */
export interface Target {
  readonly port: number;
  /** Sent one after another, over and over. */
  readonly texts: readonly string[];
  /** Headers beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Beyond, requests wait in the generator. @default 2,000 */
  readonly maxConnections?: number;
}

/** To the process that makes the load. */
export type ToLoadProcess =
  | ({ readonly kind: "aim" } & Target)
  | {
      readonly kind: "open";
      readonly ratePerSecond: number;
      readonly durationMs: number;
      readonly arrivals?: Arrivals;
      readonly tickMs?: number;
    }
  | { readonly kind: "closed"; readonly width: number; readonly durationMs: number };

/** From it, once every request was answered. */
export interface FromLoadProcess {
  readonly kind: "report";
  readonly samples: readonly Sample[];
  /** What the generator itself took of a CPU, in microseconds a request. */
  readonly cpuMicrosPerRequest: number;
}

export type LoadReport = Omit<FromLoadProcess, "kind">;

/** A load generator in a process of its own; one run at a time. */
export interface Load {
  /** A fixed rate, whatever the service does; latency counts from when a request was due. */
  open(options: {
    readonly ratePerSecond: number;
    readonly durationMs: number;
    readonly arrivals?: Arrivals;
    readonly tickMs?: number;
  }): Promise<LoadReport>;
  /** A fixed number of requests in flight: 1 for the unloaded latency, many for saturation. */
  closed(options: { readonly width: number; readonly durationMs: number }): Promise<LoadReport>;
  close(): void;
}

/** Starts a load generator, `load-process` built beside the caller. It ends with {@link Load.close} or with the caller. */
export function startLoad(target: Target): Load {
  const child = fork(join(__dirname, "load-process.js"), { serialization: "advanced" });
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`the load generator ended with ${signal ?? code}`);
  });
  // It ends after its last run too, when nobody waits for a report.
  ended.catch(() => {});
  const tell = (message: ToLoadProcess) => child.send(message);
  const run = async (message: ToLoadProcess): Promise<LoadReport> => {
    tell(message);
    const [report] = (await Promise.race([once(child, "message"), ended])) as [FromLoadProcess];
    return report;
  };
  tell({ kind: "aim", ...target });
  return {
    open: (options) => run({ kind: "open", ...options }),
    closed: (options) => run({ kind: "closed", ...options }),
    close: () => child.disconnect(),
  };
}
