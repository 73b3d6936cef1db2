import type { Clock } from "../ports/clock";

export interface RetentionSweepOptions {
  readonly clock: Clock;
  /** Days that an entry is kept. */
  readonly retentionDays: number;
  /** Deletes at most `limit` entries that are older. @returns how many it deleted */
  readonly deleteBefore: (time: Date, limit: number) => Promise<number>;
  readonly onFailure?: ((error: Error) => void) | undefined;
}

export const msPerDay = 24 * 60 * 60 * 1000;

/** As often as MongoDB looks for what has expired. @see https://www.mongodb.com/docs/manual/core/index-ttl/ */
const sweepEveryMs = 60_000;

/** Entries deleted in one piece, and the pause to the next piece, so that answers go first. */
const pieceEntries = 500;
const pauseMs = 100;

/** Deletes what is older than the retention, in the background, a bounded piece at a time. */
export class RetentionSweep {
  private cancel: () => void = () => {};
  private stopped = false;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(private readonly options: RetentionSweepOptions) {
    this.after(0);
  }

  /** Waits for the piece under way. Nothing is deleted afterwards. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel();
    await this.sweeping;
  }

  private after(delayMs: number): void {
    this.cancel = this.options.clock.schedule(delayMs, () => (this.sweeping = this.sweep()));
  }

  private async sweep(): Promise<void> {
    const { clock, retentionDays, deleteBefore, onFailure } = this.options;
    let deleted = 0;
    try {
      const before = new Date(clock.date().getTime() - retentionDays * msPerDay);
      deleted = await deleteBefore(before, pieceEntries);
    } catch (error) {
      onFailure?.(error as Error);
    }
    if (!this.stopped) this.after(deleted === pieceEntries ? pauseMs : sweepEveryMs);
  }
}
