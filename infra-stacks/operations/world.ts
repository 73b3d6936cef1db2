import type { CloudAccount } from "./cloud-account";
import type { Terraform } from "./terraform";

/** Time, which tests make pass at once. */
export interface Clock {
  /** Milliseconds since any fixed moment. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** One answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
}

/** What an operation works with. */
export interface World {
  readonly terraform: Terraform;
  readonly account: CloudAccount;
  readonly clock: Clock;
  /** Asks an address, with another Host header where the page has a domain. @throws when nothing answers */
  readonly get: (address: string, host?: string) => Promise<HttpAnswer>;
  /** Asks the person for one line; `undefined` where nobody sits there. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly log: (line: string) => void;
  /** Where a state stays until its bucket exists: the project's root. */
  readonly root: string;
}
