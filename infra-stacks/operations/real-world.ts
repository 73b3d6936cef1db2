import { request } from "node:http";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsAccount } from "./aws-account";
import { Terraform } from "./terraform";
import type { HttpAnswer, World } from "./world";

/** How long one try of the page may take. */
const requestLimitMs = 10_000;

/** The person at the terminal, the clock on the wall, and AWS. */
export function realWorld(region: string): World {
  return {
    terraform: new Terraform(process.env),
    account: new AwsAccount(region),
    clock: { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) },
    get,
    ask,
    log: (line) => console.log(line),
    root: process.cwd(),
  };
}

/** Follows no redirect: one to https is an answer of the ingress, not yet of the page. */
export function get(address: string, host?: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    const call = request(address, { headers, timeout: requestLimitMs }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    call.once("timeout", () => call.destroy(new Error("no answer in time")));
    call.once("error", reject);
    call.end();
  });
}

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
