import { endpoints, errors } from "@berth/contract";
import { texts } from "../../src/lib/texts";
import { berthUrl, launchBrowser } from "./browser";
import type { ErrorCode } from "@berth/contract";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";

/** Something that a page must never do. */
export interface Fault {
  readonly kind: "console error" | "exception" | "CSP violation" | "third-party request";
  readonly what: string;
}

/** One person's visit: a fresh profile on the page. */
export interface Visit {
  readonly page: Page;
  readonly faults: readonly Fault[];
}

/** The browser logs every answer that is not a success; tests that cause such answers mean them. */
export const causedByTest = /Failed to load resource/;

let browser: Browser | undefined;
const contexts: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  const ready = await fetch(berthUrl() + endpoints.readyz.path).catch(() => undefined);
  if (!ready?.ok)
    throw new Error(
      `The service at ${berthUrl()} is not ready (${ready?.status ?? "it does not answer"}): its log says why`,
    );
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser?.close();
});

/** Opens the page as a new visitor. */
export async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const origin = new URL(berthUrl()).origin;
  const context = await browser!.newContext(options);
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults: Fault[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push({ kind: "console error", what: message.text() });
  });
  page.on("pageerror", (error) => faults.push({ kind: "exception", what: String(error) }));
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && protocol !== "data:")
      faults.push({ kind: "third-party request", what: request.url() });
  });
  await page.exposeBinding("reportViolation", (_, what: string) => {
    faults.push({ kind: "CSP violation", what });
  });
  await page.addInitScript({
    content:
      'document.addEventListener("securitypolicyviolation", (e) => reportViolation(`${e.violatedDirective} ${e.blockedURI}`));',
  });
  await page.goto(berthUrl());
  await field(page).waitFor();
  return { page, faults };
}

export const field = (page: Page): Locator =>
  page.getByRole("textbox", { name: texts.analyze.label });
export const submit = (page: Page): Locator =>
  page.getByRole("button", { name: texts.analyze.submit, exact: true });
export const result = (page: Page): Locator =>
  page.getByRole("region", { name: texts.result.heading });
export const history = (page: Page): Locator =>
  page.getByRole("region", { name: texts.history.heading });
export const rows = (page: Page): Locator => history(page).locator("ol > li:has(time)");
export const verdict = (page: Page): Locator => page.getByTestId("verdict");

/** A text that no other run has analyzed. */
export const unique = (text: string): string =>
  `${text} ${Date.now()}${Math.floor(Math.random() * 1e6)}`;

/** Types a text, analyzes it and waits for the answer. */
export async function analyze(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await submit(page).click();
  await result(page).locator("blockquote").getByText(text.slice(0, 200)).waitFor();
  await verdict(page).waitFor();
}

/** Waits until the service lists a text; the history is written behind the answers. */
export async function recorded(text: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await fetch(berthUrl() + endpoints.listHistory.path);
    const { entries } = endpoints.listHistory.response.parse(await answer.json());
    if (entries.some((entry) => entry.text === text)) return;
    if (Date.now() > deadline) throw new Error(`the history never listed: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Has the service refuse the next requests for an answer; afterwards they reach it. */
export async function refuse(
  page: Page,
  code: ErrorCode,
  { times, retryAfterSeconds }: { times: number; retryAfterSeconds: number },
): Promise<void> {
  await page.route(
    `**${endpoints.analyze.path}`,
    (route) =>
      route.fulfill({
        status: errors[code].status,
        headers: { "retry-after": String(retryAfterSeconds) },
        json: { error: { code, message: errors[code].message, details: [], requestId: "e2e" } },
      }),
    { times },
  );
}
