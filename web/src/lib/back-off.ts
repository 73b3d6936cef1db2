/** How a refused request is repeated. */
export interface BackOff {
  /** Upper bound of the first random wait; it doubles with every attempt. */
  readonly baseMs: number;
  /** Upper bound that doubling never exceeds. */
  readonly capMs: number;
}

/** Soon enough to feel like waiting and not like failing; late attempts stay out of a busy service's way. */
export const defaultBackOff: BackOff = { baseMs: 500, capMs: 15_000 };

/**
 * How long to wait before the next attempt: what the service asked for, plus exponential back-off with full jitter, so
 * that the clients that were refused together do not come back together.
 *
 * @param attempt how many attempts were refused before this one, from 0
 * @param retryAfterMs what the service asked for, if it did
 * @param random uniform in [0, 1)
 * @returns milliseconds
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function nextDelayMs(
  attempt: number,
  retryAfterMs: number | null,
  random: () => number,
  { baseMs, capMs }: BackOff = defaultBackOff,
): number {
  return (retryAfterMs ?? 0) + random() * Math.min(capMs, baseMs * 2 ** attempt);
}
