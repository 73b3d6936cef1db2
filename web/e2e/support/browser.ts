import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/**
 * Address of the running service, without a slash at the end.
 *
 * @throws {Error} when `BERTH_URL` is unset
 */
export function berthUrl(): string {
  const url = process.env.BERTH_URL;
  if (!url)
    throw new Error(
      "BERTH_URL is not set: start the service with ./scripts/up and set it to its address, such as http://localhost:8000",
    );
  return url.replace(/\/$/, "");
}

/**
 * Starts Chromium with a fresh profile. Close it when done.
 *
 * @throws {Error} when there is no Chromium
 */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(chromiumPath))
    throw new Error(
      `There is no Chromium at ${chromiumPath}: install it (apt-get install chromium), or set CHROMIUM to its path`,
    );
  return await chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
