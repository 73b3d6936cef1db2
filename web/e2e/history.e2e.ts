import { labels } from "@berth/contract";
import { texts } from "../src/lib/texts";
import { analyze, field, history, recorded, rows, unique, verdict, visit } from "./support/visit";

const t = texts.history;
const headline =
  "The striker scored twice in extra time to win the cup final for the home side, match";

test("an answer is at the top of the history at once, and still there after a reload", async () => {
  const { page, faults } = await visit();
  const text = unique(headline);
  await analyze(page, text);
  expect(await rows(page).first().textContent()).toContain(text);
  await recorded(text);
  await page.reload();
  await rows(page).filter({ hasText: text }).waitFor();
  expect(await rows(page).filter({ hasText: text }).count()).toBe(1);
  expect(await field(page).inputValue()).toBe(text);
  expect(faults).toEqual([]);
});

test("half a sentence survives a reload", async () => {
  const { page } = await visit();
  await field(page).pressSequentially("Half a sen");
  await page.reload();
  await field(page).waitFor();
  expect(await field(page).inputValue()).toBe("Half a sen");
  expect(await verdict(page).count()).toBe(0);
});

test("an entry opens to its text, scores and timings", async () => {
  const { page, faults } = await visit();
  const text = unique(headline);
  await analyze(page, text);
  const row = rows(page).filter({ hasText: text });
  await row.getByRole("button", { expanded: false }).click();
  await row.getByRole("meter").first().waitFor();
  expect(await row.getByRole("meter").count()).toBe(labels.length);
  expect(faults).toEqual([]);
});

test("the filter lists one label only", async () => {
  const { page, faults } = await visit();
  const text = unique(headline);
  await analyze(page, text);
  await recorded(text);
  const label = labels.find((name) => name === "Sports")!;
  await history(page).getByText(label, { exact: true }).first().click();
  await rows(page).filter({ hasText: text }).waitFor();
  const listed = await rows(page).allTextContents();
  expect(listed.length).toBeGreaterThan(0);
  for (const row of listed) expect(row.startsWith(label)).toBe(true);
  const other = labels.find((name) => name === "Business")!;
  await history(page).getByRole("radio", { name: other }).check({ force: true });
  await rows(page).filter({ hasText: text }).waitFor({ state: "detached" });
  expect(faults).toEqual([]);
});

test("a deleted entry is gone, also after a reload", async () => {
  const { page, faults } = await visit();
  const text = unique(headline);
  await analyze(page, text);
  await recorded(text);
  const row = rows(page).filter({ hasText: text });
  await row.getByRole("button", { name: t.remove }).click();
  await row.getByRole("button", { name: t.removeConfirm, exact: true }).click();
  await row.waitFor({ state: "detached" });
  await page.reload();
  await history(page).and(page.locator("[aria-busy=false]")).waitFor();
  expect(await rows(page).filter({ hasText: text }).count()).toBe(0);
  expect(faults).toEqual([]);
});
