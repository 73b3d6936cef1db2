import { LRUCache } from "lru-cache";
import type { Clock } from "../ports/clock";

/** How fast one client may go. */
export interface Rate {
  /** Requests per second that can be kept up. */
  readonly perSecond: number;
  /** Requests that may come at once. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Clients that are remembered; the one unseen for longest is forgotten, which only ever favours it. */
const maxClients = 10_000;

/** A token bucket for each client. */
export class TokenBuckets {
  private readonly buckets = new LRUCache<string, Bucket>({ max: maxClients });

  constructor(
    private readonly rate: Rate,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes a token for one request.
   *
   * @returns 0 if there was one, otherwise the milliseconds until there will be
   */
  take(client: string): number {
    const now = this.clock.now();
    const bucket = this.buckets.get(client) ?? { tokens: this.rate.burst, filledAt: now };
    const gained = ((now - bucket.filledAt) / 1000) * this.rate.perSecond;
    bucket.tokens = Math.min(this.rate.burst, bucket.tokens + gained);
    bucket.filledAt = now;
    this.buckets.set(client, bucket);
    if (bucket.tokens < 1) return ((1 - bucket.tokens) / this.rate.perSecond) * 1000;
    bucket.tokens -= 1;
    return 0;
  }
}
