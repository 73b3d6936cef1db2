import { endpoints, errors } from "@berth/contract";
import { texts } from "../src/lib/texts";
import {
  analyze,
  causedByTest,
  field,
  history,
  refuse,
  result,
  rows,
  submit,
  unique,
  verdict,
  visit,
} from "./support/visit";
import type { Fault } from "./support/visit";

const headline = "The striker scored twice in extra time to win the cup final for the home side";
const unexpected = (faults: readonly Fault[]) =>
  faults.filter((fault) => !causedByTest.test(fault.what));

test("a refused text counts down and then gets its answer by itself", async () => {
  const { page, faults } = await visit();
  await refuse(page, "queue_full", { times: 1, retryAfterSeconds: 2 });
  await field(page).fill(headline);
  const start = Date.now();
  await submit(page).click();
  await page.getByRole("timer").waitFor();
  await result(page).getByText(errors.queue_full.message).waitFor();
  expect(await page.getByRole("timer").textContent()).toMatch(/[123] s/);
  await verdict(page).waitFor();
  expect(Date.now() - start).toBeGreaterThanOrEqual(2_000);
  expect(unexpected(faults)).toEqual([]);
  // The negative control: the browser did see the refusal.
  expect(faults.length).toBeGreaterThan(0);
});

test("a refused text that is cancelled is not sent again", async () => {
  const { page } = await visit();
  await page.clock.install();
  await refuse(page, "rate_limited", { times: 1, retryAfterSeconds: 1 });
  await field(page).fill(headline);
  await submit(page).click();
  await page.getByRole("timer").waitFor();
  let sent = 0;
  page.on("request", (request) => {
    if (request.url().endsWith(endpoints.analyze.path)) sent += 1;
  });
  await result(page).getByRole("button", { name: texts.action.cancel }).click();
  // Long past the moment at which it would have been sent.
  await page.clock.fastForward(60_000);
  expect(sent).toBe(0);
  expect(await field(page).inputValue()).toBe(headline);
});

test("without a network the text waits, and gets its answer once the connection is back", async () => {
  const { page, faults } = await visit();
  await page.getByText(texts.model.accuracy, { exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByText(texts.app.offline).waitFor();
  await field(page).fill(headline);
  await submit(page).click();
  await result(page).getByText(texts.failure.offlineBody).waitFor();
  expect(await verdict(page).count()).toBe(0);
  await page.context().setOffline(false);
  await verdict(page).waitFor();
  expect(await page.getByText(texts.app.offline).count()).toBe(0);
  expect(unexpected(faults)).toEqual([]);
});

test("a failure of the service is shown with its request id", async () => {
  const { page, faults } = await visit();
  await refuse(page, "internal", { times: 1, retryAfterSeconds: 0 });
  await field(page).fill(headline);
  await submit(page).click();
  await result(page).getByText(errors.internal.message).waitFor();
  await result(page).getByText("e2e", { exact: true }).waitFor();
  await result(page).getByRole("button", { name: texts.action.retry }).click();
  await verdict(page).waitFor();
  expect(unexpected(faults)).toEqual([]);
});

test("an answer that the page does not know offers to load the page again, and keeps the text", async () => {
  const { page } = await visit();
  await page.route(
    `**${endpoints.analyze.path}`,
    (route) => route.fulfill({ json: { topic: "sports" } }),
    { times: 1 },
  );
  await field(page).fill(headline);
  await submit(page).click();
  await result(page).getByRole("button", { name: texts.action.reload }).click();
  await result(page).getByText(texts.result.empty).waitFor();
  expect(await field(page).inputValue()).toBe(headline);
});

test("a history that cannot be read says so, while answers go on and are listed", async () => {
  const { page } = await visit();
  await page.route(`**${endpoints.listHistory.path}`, (route) =>
    route.fulfill({
      status: errors.history_unavailable.status,
      json: {
        error: {
          code: "history_unavailable",
          message: errors.history_unavailable.message,
          details: [],
          requestId: "e2e",
        },
      },
    }),
  );
  await page.reload();
  await history(page).getByText(errors.history_unavailable.message).waitFor();
  const text = unique(headline);
  await analyze(page, text);
  expect(await rows(page).first().textContent()).toContain(text);
});
