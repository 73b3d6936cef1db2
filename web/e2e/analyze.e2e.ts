import { labels, maxTextCharacters, paths, servedModel } from "@berth/contract";
import { examples } from "../src/lib/examples";
import { texts } from "../src/lib/texts";
import { analyze, field, result, submit, verdict, visit } from "./support/visit";
import type { Label } from "@berth/contract";

const sports: Label = "Sports";
const headline = "The striker scored twice in extra time to win the cup final for the home side";

test("a headline gets its label, a bar for every label, the timings and the model", async () => {
  const { page, faults } = await visit();
  await analyze(page, headline);
  expect(await verdict(page).textContent()).toContain(sports);
  const bars = result(page).getByRole("meter");
  expect(await bars.count()).toBe(labels.length);
  const values = await bars.evaluateAll((all) =>
    all.map((bar) => Number(bar.getAttribute("aria-valuenow"))),
  );
  expect(values).toEqual([...values].sort((a, b) => b - a));
  expect(values.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
  const widths = await bars.evaluateAll((all) =>
    all.map((bar) => bar.firstElementChild!.clientWidth / bar.clientWidth),
  );
  // Drawn under the strict CSP, and in proportion (the last few percent may still be moving in).
  expect(widths[0]).toBeGreaterThan(0.3);
  expect(widths[0]).toBeGreaterThan(widths[1]!);
  for (const step of Object.values(texts.result.steps))
    expect(await result(page).getByText(step, { exact: true }).isVisible()).toBe(true);
  expect(await result(page).textContent()).toContain(servedModel.name);
  expect(faults).toEqual([]);
});

test("Ctrl+Enter analyzes without leaving the text", async () => {
  const { page, faults } = await visit();
  await field(page).fill(headline);
  await field(page).press("Control+Enter");
  await verdict(page).waitFor();
  expect(await field(page).evaluate((element) => element === document.activeElement)).toBe(true);
  expect(faults).toEqual([]);
});

test("everything can be done by keyboard alone", async () => {
  const { page } = await visit();
  await page.keyboard.press("Tab");
  await page.keyboard.type(headline);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await verdict(page).waitFor();
  expect(await verdict(page).textContent()).toContain(sports);
});

test("every example gets an answer by one click", async () => {
  const { page, faults } = await visit();
  for (const example of examples) {
    await page.getByRole("button", { name: example.title }).click();
    await result(page).locator("blockquote").getByText(example.text.slice(0, 200)).waitFor();
    expect(await field(page).inputValue()).toBe(example.text);
  }
  expect(faults).toEqual([]);
});

test("a text over the limit is not sent, and the page says by how much it is too long", async () => {
  const { page, faults } = await visit();
  const sent: string[] = [];
  page.on("request", (request) => sent.push(new URL(request.url()).pathname));
  await field(page).fill("x".repeat(maxTextCharacters + 5));
  await page.getByText(texts.analyze.tooLong(5)).waitFor();
  expect(await submit(page).getAttribute("aria-disabled")).toBe("true");
  await submit(page).click({ force: true });
  await field(page).press("Control+Enter");
  await field(page).fill(headline);
  await submit(page).click();
  await verdict(page).waitFor();
  expect(sent.filter((path) => path === paths.analyze)).toHaveLength(1);
  expect(faults).toEqual([]);
});

test("analyzing nothing says what is missing", async () => {
  const { page, faults } = await visit();
  await submit(page).click();
  await page.getByText(texts.analyze.nothingTyped).waitFor();
  expect(await verdict(page).count()).toBe(0);
  expect(faults).toEqual([]);
});

test("a long article is answered, with a note that it was cut", async () => {
  const { page, faults } = await visit();
  await field(page).fill(`${headline}. `.repeat(200));
  await submit(page).click();
  await result(page).getByText(texts.result.truncatedTitle).waitFor();
  expect(faults).toEqual([]);
});

test("markup in a text is shown as text and never runs", async () => {
  const { page, faults } = await visit();
  await analyze(
    page,
    `<img src=x onerror="document.title='owned'"> ${headline} <script>alert(1)</script>`,
  );
  expect(await page.locator("main img, main script").count()).toBe(0);
  expect(await page.title()).not.toBe("owned");
  expect(faults).toEqual([]);
});
