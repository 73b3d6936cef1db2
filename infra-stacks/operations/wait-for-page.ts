import { paths } from "@berth/contract";
import { Fault } from "./fault";
import type { World } from "./world";

/** Time between two tries. */
const retryMs = 5000;

/** Tries after which the wait says that it goes on. */
const triesUntilNews = 12;

export interface WaitOptions {
  /** Public IPv4 address. */
  readonly address: string;
  /** The page's host name, where only that is answered. */
  readonly domain?: string;
  readonly limitMs: number;
  /** What to look at when it never answers. */
  readonly remedy: string;
}

/**
 * Waits until the page and the API behind it answer with success.
 *
 * @throws {Fault} when they do not in time, with what came last
 */
export async function waitForPage(
  { clock, get, log }: World,
  { address, domain, limitMs, remedy }: WaitOptions,
): Promise<void> {
  const startedAt = clock.now();
  const minutes = (ms: number): string => (ms / 60_000).toFixed(1);
  for (let tries = 1; ; tries++) {
    const fault = await firstFault([`http://${address}/`, `http://${address}${paths.model}`]);
    if (fault === undefined) return;
    const waited = clock.now() - startedAt;
    if (waited >= limitMs)
      throw new Fault(
        `The page does not answer after ${minutes(limitMs)} minutes: ${fault}.\n${remedy}`,
      );
    if (tries % triesUntilNews === 0) log(`  waiting, ${minutes(waited)} minutes: ${fault}`);
    await clock.sleep(retryMs);
  }

  async function firstFault(addresses: readonly string[]): Promise<string | undefined> {
    for (const one of addresses)
      try {
        const { status } = await get(one, domain);
        if (status !== 200) return `${one} answers ${status}`;
      } catch (error) {
        return `${one}: ${(error as Error).message}`;
      }
    return undefined;
  }
}
