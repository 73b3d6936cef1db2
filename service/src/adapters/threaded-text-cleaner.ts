import { maxTextCharacters } from "@berth/contract";
import pLimit from "p-limit";
import { pool } from "workerpool";
import { cleanAndCut } from "../domain/clean-and-cut";
import { ServiceError } from "../domain/service-error";
import type { Clock } from "../ports/clock";
import type { TextCleaner, Wanted } from "../ports/text-cleaner";

export interface ThreadedTextCleanerOptions {
  readonly clock: Clock;
  /** The built `clean-thread.js`. */
  readonly threadFile: string;
  /** Texts that went to the thread are reported here. */
  readonly onThread?: (characters: number) => void;
}

/**
 * What may be cleaned on the event loop in one of its turns, in ASCII characters; about 1 ms, and 3 ms at worst.
 *
 * @see service/bench/cleaning.ts for both figures
 */
const turnBudget = 20_000;

/** NFKC can make eighteen characters of one that is not ASCII: the worst costs as much as so many that are. */
const costOfOther = 20;

/** A cleaning of the longest text takes a few MiB; without a bound, V8 lets garbage gather. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/**
 * Cleans short texts at once, and long ones on a thread, which is started when it is first needed. One thread, one text
 * at a time: the cores belong to inference.
 */
export class ThreadedTextCleaner implements TextCleaner {
  private readonly thread;
  private readonly turns = pLimit(1);
  private left = turnBudget;

  constructor(private readonly options: ThreadedTextCleanerOptions) {
    this.thread = pool(options.threadFile, {
      workerType: "thread",
      minWorkers: 0,
      maxWorkers: 1,
      workerThreadOpts: { resourceLimits },
    });
  }

  clean(text: string, wanted: Wanted): Promise<string> {
    const cost = costOf(text);
    if (cost > this.left) return this.cleanOnThread(text, wanted);
    if (this.left === turnBudget) setImmediate(() => (this.left = turnBudget));
    this.left -= cost;
    return Promise.resolve(cleanAndCut(text, maxTextCharacters));
  }

  async close(): Promise<void> {
    await this.thread.terminate(true);
  }

  private cleanOnThread(text: string, { deadline, signal }: Wanted): Promise<string> {
    const { clock, onThread } = this.options;
    return this.turns(async () => {
      signal?.throwIfAborted();
      if (clock.now() >= deadline) throw new ServiceError("deadline_exceeded");
      onThread?.(text.length);
      return (await this.thread.exec("cleanAndCut", [text, maxTextCharacters])) as string;
    });
  }
}

const ascii = /^[\0-\x7f]*$/;

function costOf(text: string): number {
  return ascii.test(text) ? text.length : text.length * costOfOther;
}
