import type { Clock } from "../ports/clock";

export interface DrainOptions {
  readonly clock: Clock;
  /** Does a piece of the work. @returns whether there is more */
  readonly step: () => Promise<boolean>;
  /** Between tries of a step that fails: doubled each time, capped. */
  readonly retryDelayMs: { readonly first: number; readonly most: number };
  readonly onFailure?: ((error: Error, retryInMs: number) => void) | undefined;
}

/** Works something off in the background, one step at a time, and tries a step that failed again until it succeeds. */
export class Drain {
  private running: Promise<void> | undefined;
  private endPause: (() => void) | undefined;
  private stopping = false;
  /** Work came while a step ran. */
  private asked = false;

  constructor(private readonly options: DrainOptions) {}

  /** Says that there is work. */
  start(): void {
    if (this.stopping) return;
    this.asked = true;
    this.running ??= this.run();
  }

  /** Ends the pause before the next try. */
  hurry(): void {
    this.endPause?.();
  }

  /** Waits until the work is done, at most `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    if (this.running === undefined) return;
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.options.clock.schedule(limitMs, resolve);
    });
    await Promise.race([this.running, limit]);
    cancel();
  }

  /** Lets each remaining step be tried once, at most `limitMs` in all. Nothing starts afterwards. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    this.hurry();
    await this.settle(limitMs);
  }

  private async run(): Promise<void> {
    const { step, retryDelayMs, onFailure } = this.options;
    let delay = retryDelayMs.first;
    for (let more = true; more || this.asked;) {
      this.asked = false;
      try {
        more = await step();
        delay = retryDelayMs.first;
      } catch (error) {
        if (this.stopping) break;
        onFailure?.(error as Error, delay);
        await this.pause(delay);
        delay = Math.min(retryDelayMs.most, delay * 2);
      }
    }
    // In the same turn as the last look at `asked`, so that no call to start() falls between.
    this.running = undefined;
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.schedule(delayMs, resolve);
      this.endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
