import { analyzeResponse, errorResponse, paths } from "@berth/contract";
import { openLoop } from "./open-loop";
import type { RunningService } from "./running-service";

/** What clients saw of a load of analyses. */
export interface AnsweredLoad {
  /** Answers by id: the text, and when the answer was there, in milliseconds of `performance.now()`. */
  readonly answers: Map<string, { readonly text: string; readonly at: number }>;
  /** Requests that were not answered with 200, each with what came instead. */
  readonly failures: string[];
}

export const emptyLoad = (): AnsweredLoad => ({ answers: new Map(), failures: [] });

/** Analyses at a fixed rate, each of a text of its own, into `load`. Resolves when all were answered or failed. */
export async function sendLoad(
  service: RunningService,
  load: AnsweredLoad,
  options: { readonly ratePerSecond: number; readonly durationMs: number },
): Promise<void> {
  const url = await service.url();
  await openLoop({
    ...options,
    send: async (index) => {
      const text = `Shares fell ${index} points after the central bank spoke at ${Math.random()}.`;
      try {
        const response = await fetch(url + paths.analyze, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ text }),
        });
        const body: unknown = await response.json();
        if (response.status === 200)
          load.answers.set(analyzeResponse.parse(body).id, { text, at: performance.now() });
        else load.failures.push(`${response.status} ${errorResponse.parse(body).error.code}`);
        return { status: response.status, retryAfter: false };
      } catch (error) {
        load.failures.push((error as Error).message);
        return { status: 0, retryAfter: false };
      }
    },
  });
}

/** One read of the history. */
export interface HistoryRead {
  readonly status: number;
  /** The error's code; empty when there was none. */
  readonly code: string;
  readonly retryAfter: boolean;
  readonly tookMs: number;
}

export async function readHistory(service: RunningService): Promise<HistoryRead> {
  const url = await service.url();
  const startedAt = performance.now();
  const response = await fetch(url + paths.history);
  const body: unknown = await response.json();
  return {
    status: response.status,
    code: response.ok ? "" : errorResponse.parse(body).error.code,
    retryAfter: response.headers.has("Retry-After"),
    tookMs: performance.now() - startedAt,
  };
}
