import { LRUCache } from "lru-cache";
import type { Clock } from "../ports/clock";

/** How fast one client may go. */
export interface Rate {
  /** Tokens per second that can be kept up. */
  readonly perSecond: number;
  /** Tokens that may be taken at once. */
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
   * Takes tokens for one request. One that asks for more than the burst needs a full bucket and takes the rest in
   * advance, so that no size is refused for ever and none gets more than the rate.
   *
   * @param paid of these tokens, how many were taken for it before
   * @returns 0 if there were enough, otherwise the milliseconds until there will be, with nothing paid
   */
  take(client: string, tokens = 1, paid = 0): number {
    const bucket = this.filled(client);
    const needed = Math.min(tokens, this.rate.burst);
    if (bucket.tokens < needed - paid) return this.untilMs(bucket, needed);
    bucket.tokens -= tokens - paid;
    return 0;
  }

  /** Milliseconds until there will be a token; 0 if there is one. Takes none. */
  waitMs(client: string): number {
    return this.untilMs(this.filled(client), 1);
  }

  private untilMs({ tokens }: Bucket, needed: number): number {
    return tokens < needed ? ((needed - tokens) / this.rate.perSecond) * 1000 : 0;
  }

  private filled(client: string): Bucket {
    const now = this.clock.now();
    const bucket = this.buckets.get(client) ?? { tokens: this.rate.burst, filledAt: now };
    const gained = ((now - bucket.filledAt) / 1000) * this.rate.perSecond;
    bucket.tokens = Math.min(this.rate.burst, bucket.tokens + gained);
    bucket.filledAt = now;
    this.buckets.set(client, bucket);
    return bucket;
  }
}
