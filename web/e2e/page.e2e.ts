import { gzipSync } from "node:zlib";
import { texts } from "../src/lib/texts";
import { berthUrl } from "./support/browser";
import { analyze, field, result, rows, visit } from "./support/visit";

const headline = "The striker scored twice in extra time to win the cup final for the home side";

/** JavaScript that the first view may take, gzipped, in bytes. */
const maxScriptBytes = 120_000;

test("the first view takes at most 120 kB of gzipped JavaScript", async () => {
  const { page } = await visit();
  const sources = await page
    .locator("script[src], link[rel=modulepreload]")
    .evaluateAll((all) => all.map((e) => e.getAttribute("src") ?? e.getAttribute("href")!));
  expect(sources.length).toBeGreaterThan(0);
  let bytes = 0;
  for (const source of sources) {
    const answer = await fetch(new URL(source, berthUrl()));
    bytes += gzipSync(Buffer.from(await answer.arrayBuffer()), { level: 9 }).length;
  }
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(maxScriptBytes);
});

test("the service's Content Security Policy forbids what the page does without", async () => {
  const { page, faults } = await visit();
  const answer = await fetch(berthUrl());
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe-inline");
  expect(policy).not.toContain("unsafe-eval");
  expect(faults).toEqual([]);
  // The negative control: a violation would have been seen.
  await page.evaluate(() => {
    const style = document.createElement("style");
    style.textContent = "body { color: red }";
    document.head.append(style);
  });
  await page.waitForFunction(() => document.querySelector("head > style") !== null);
  await expectEventually(() => faults.some((fault) => fault.kind === "CSP violation"));
});

test("the page asks nobody but its own service", async () => {
  const { page, faults } = await visit();
  await analyze(page, headline);
  expect(faults.filter((fault) => fault.kind === "third-party request")).toEqual([]);
  // The negative control: a third party would have been seen.
  await page.goto("http://third-party.invalid/").catch(() => undefined);
  expect(faults.some((fault) => fault.kind === "third-party request")).toBe(true);
});

describe.each([
  { name: "small phone", width: 320, height: 640 },
  { name: "phone", width: 390, height: 844 },
  { name: "tablet", width: 820, height: 1180 },
  { name: "wide screen", width: 1920, height: 1080 },
])("on a $name", ({ width, height }) => {
  test("nothing makes the page scroll sideways", async () => {
    const { page, faults } = await visit({ viewport: { width, height } });
    const overflow = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    await page.getByText(texts.model.accuracy, { exact: true }).waitFor();
    expect(await overflow()).toBe(0);
    await analyze(page, `${headline} ${"verylongword".repeat(60)}`);
    await rows(page).first().getByRole("button", { expanded: false }).click();
    await rows(page).first().getByRole("button", { name: texts.history.remove }).click();
    expect(await overflow()).toBe(0);
    // The negative control: something wider would have been seen.
    await page.evaluate(() => {
      const wide = document.createElement("div");
      wide.textContent = "x".repeat(2_000);
      document.body.append(wide);
    });
    expect(await overflow()).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });
});

test("on a phone the answer is brought into view", async () => {
  const { page } = await visit({ viewport: { width: 390, height: 844 } });
  await field(page).fill(headline);
  await field(page).press("Control+Enter");
  await page.getByTestId("verdict").waitFor();
  await expectEventually(async () => {
    const box = await result(page).getByTestId("verdict").boundingBox();
    return box !== null && box.y >= 0 && box.y + box.height <= 844;
  });
});

async function expectEventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
