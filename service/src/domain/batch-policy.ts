/** What the policy knows of a text that waits. */
export interface Waiting {
  /** Token ids, special tokens included. */
  readonly tokens: number;
}

/** What one batch may hold. */
export interface BatchLimits {
  /** Tokens at most, padding included. One text always fits, however long. */
  readonly maxTokens: number;
  /** Texts at most. */
  readonly maxTexts: number;
}

/**
 * Padding that a text may cost, in tokens, to share a run. A run costs as much as about six tokens whatever it holds, so
 * beyond that a run of its own is cheaper. See service/bench/README.md.
 */
const maxPaddingTokens = 6;

/**
 * Which waiting texts form the next batch: the oldest, and the others nearest to it in length while they fit.
 *
 * There is no waiting window: it is called when a process is free, and takes what is there. When several processes
 * are free, it leaves the others their share.
 *
 * @param waiting oldest first, not empty
 * @param idle free processes, at least 1
 * @returns indices into `waiting`; the oldest first
 */
export function takeBatch(
  waiting: readonly Waiting[],
  limits: BatchLimits,
  idle: number,
): number[] {
  const oldest = waiting[0]!.tokens;
  const maxTexts = Math.min(limits.maxTexts, Math.ceil(waiting.length / idle));
  const nearest = waiting
    .map(({ tokens }, index) => ({ tokens, index, distance: Math.abs(tokens - oldest) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index);

  const taken: number[] = [];
  let longest = 0;
  for (const { tokens, index } of nearest) {
    if (taken.length >= maxTexts) break;
    const longer = Math.max(longest, tokens);
    const padding = longer - tokens + (longer - longest) * taken.length;
    const fits = longer * (taken.length + 1) <= limits.maxTokens && padding <= maxPaddingTokens;
    if (taken.length > 0 && !fits) break;
    taken.push(index);
    longest = longer;
  }
  return taken;
}
