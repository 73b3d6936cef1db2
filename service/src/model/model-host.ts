import type { ServedModel } from "../analysis/served-model";
import type { Clock } from "../ports/clock";
import type { ModelPin, ModelRegistry, VerifiedModel } from "../ports/model-registry";
import { pause } from "./pause";

export interface ModelHostOptions {
  readonly registry: ModelRegistry;
  readonly pin: ModelPin;
  readonly load: (verified: VerifiedModel, signal: AbortSignal) => Promise<ServedModel>;
  readonly clock: Clock;
  readonly onLoaded: (model: ServedModel, tookMs: number) => void;
  readonly onFailure: (error: Error, retryInMs: number) => void;
  /** Within [0, 1); spreads the tries of many pods. @default Math.random */
  readonly random?: () => number;
}

/** Between tries: doubled each time, capped, between half and all of it. */
const retryDelayMs = { first: 1_000, most: 30_000 } as const;

/**
 * Gets the model and keeps it. While there is none, the service lives but is not ready; a model that was refused is
 * tried again too, since its files can be mended in place.
 */
export class ModelHost {
  private model: ServedModel | undefined;
  private readonly stopped = new AbortController();
  private loading: Promise<void> | undefined;

  constructor(private readonly options: ModelHostOptions) {}

  /** The model once it is ready. */
  tryModel(): ServedModel | undefined {
    return this.model;
  }

  start(): void {
    this.loading ??= this.run();
  }

  async close(): Promise<void> {
    this.stopped.abort(new Error("the service ends"));
    await this.loading;
    const model = this.model;
    this.model = undefined;
    await model?.runtime.close();
  }

  private async run(): Promise<void> {
    const { registry, pin, load, clock, onLoaded, onFailure, random = Math.random } = this.options;
    const { signal } = this.stopped;
    const startedAt = clock.now();
    for (let delay: number = retryDelayMs.first; !signal.aborted;) {
      try {
        const model = await load(await registry.fetch(pin, signal), signal);
        this.model = model;
        onLoaded(model, clock.now() - startedAt);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const pauseMs = delay * (0.5 + random() / 2);
        onFailure(error as Error, pauseMs);
        await pause(clock, pauseMs, signal);
        delay = Math.min(retryDelayMs.most, delay * 2);
      }
    }
  }
}
