import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { endpoints, errors } from "@berth/contract";
import { examples } from "../src/lib/examples";
import { texts } from "../src/lib/texts";
import { berthUrl, launchBrowser } from "./support/browser";
import type { ErrorCode } from "@berth/contract";
import type { Page } from "playwright-core";

// Writes a picture of the page in every state, theme and size: `screenshots FOLDER`, with BERTH_URL set.

const sizes = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
} as const;
const themes = ["light", "dark"] as const;
const headline = "The striker scored twice in extra time to win the cup for the home side";

const errorBody = (code: ErrorCode) => ({
  error: { code, message: errors[code].message, details: [], requestId: "screenshot" },
});

/** The states that are pictured, each with how to get there from a fresh page. */
const states: Record<string, (page: Page) => Promise<void>> = {
  empty: async (page) => {
    await page.getByText(texts.model.accuracy).waitFor();
  },
  "too-long": async (page) => {
    await page.getByRole("textbox").fill(headline.repeat(300));
  },
  result: async (page) => {
    // Several, so that the history has something to show.
    for (const example of examples.slice(0, 4)) {
      await page.getByRole("button", { name: example.title }).click();
      await page.getByText(example.text).nth(1).waitFor();
    }
    await page.getByRole("textbox").fill(headline);
    await page.getByRole("button", { name: texts.analyze.submit, exact: true }).click();
    await page.getByTestId("verdict").waitFor();
    await page.locator("blockquote").getByText(headline).waitFor();
    const first = page.getByRole("listitem").getByRole("button", { name: headline }).first();
    await first.click();
  },
  refused: async (page) => {
    await page.route(`**${endpoints.analyze.path}`, (route) =>
      route.fulfill({
        status: errors.queue_full.status,
        headers: { "retry-after": "5" },
        json: errorBody("queue_full"),
      }),
    );
    await page.getByRole("button", { name: examples[0]!.title }).click();
    await page.getByRole("timer").waitFor();
  },
  "history-away": async (page) => {
    await page.route(`**${endpoints.listHistory.path}*`, (route) =>
      route.fulfill({
        status: errors.history_unavailable.status,
        json: errorBody("history_unavailable"),
      }),
    );
    await page.reload();
    await page.getByText(texts.history.failed).waitFor();
  },
  offline: async (page) => {
    await page.getByText(texts.model.accuracy).waitFor();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: examples[1]!.title }).click();
    await page.getByText(texts.failure.offlineBody).first().waitFor();
  },
};

async function main(folder: string): Promise<void> {
  const url = berthUrl();
  mkdirSync(folder, { recursive: true });
  const browser = await launchBrowser();
  try {
    for (const [size, viewport] of Object.entries(sizes))
      for (const colorScheme of themes)
        for (const [state, reach] of Object.entries(states)) {
          const context = await browser.newContext({
            viewport,
            isMobile: size === "phone",
            hasTouch: size === "phone",
            colorScheme,
            deviceScaleFactor: size === "phone" ? 2 : 1,
            reducedMotion: "reduce",
          });
          const page = await context.newPage();
          await page.goto(url);
          await reach(page);
          await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
          await page.evaluate(() => window.scrollTo(0, 0));
          // Whatever changed last has been painted after the second frame.
          await page.evaluate(
            () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
          );
          const path = join(folder, `${state}-${size}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true, animations: "disabled" });
          console.log(path);
          await context.close();
        }
  } finally {
    await browser.close();
  }
}

const folder = process.argv[2];
if (folder === undefined) throw new Error("Name the folder to write to: screenshots FOLDER");
// npm runs this in web/, but the folder is meant from where the person stands.
void main(resolve(process.env.INIT_CWD ?? ".", folder));
