import type { Settings } from "@berth/contract";
import type { Request } from "express";
import { ServiceError } from "../domain/service-error";
import { TokenBuckets } from "../domain/token-bucket";
import type { Clock } from "../ports/clock";

/** The rate at which clients may send texts: one token a text, whichever way it comes. */
export class ClientRate {
  private readonly buckets: TokenBuckets;

  constructor(
    settings: Pick<Settings, "RATE_LIMIT_PER_SECOND" | "RATE_LIMIT_BURST">,
    private readonly clock: Clock,
  ) {
    const { RATE_LIMIT_PER_SECOND: perSecond, RATE_LIMIT_BURST: burst } = settings;
    this.buckets = new TokenBuckets({ perSecond, burst }, clock);
  }

  /**
   * Charges a request for its texts, or refuses it.
   *
   * @param paid of these texts, how many the request was charged for before
   * @throws {ServiceError} `rate_limited`
   */
  charge(request: Request, texts: number, paid = 0): void {
    const retryAfterMs = this.take(request, texts, paid);
    if (retryAfterMs > 0) throw new ServiceError("rate_limited", { retryAfterMs });
  }

  /** Waits until the client may send one more text. @throws the signal's reason */
  async wait(request: Request, signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.take(request, 1, 0);
      if (waitMs === 0) return;
      await this.pause(waitMs, signal);
    }
  }

  private take(request: Request, texts: number, paid: number): number {
    const client = limitedClient(request);
    return client === undefined ? 0 : this.buckets.take(client, texts, paid);
  }

  private pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = () => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = this.clock.schedule(delayMs, () => {
        signal.removeEventListener("abort", leave);
        resolve();
      });
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

/** What a client's rate is counted by; undefined for clients on this machine, which are not limited. */
export function limitedClient({ ip = "unknown" }: Request): string | undefined {
  return isLoopback(ip) ? undefined : ip;
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
