import { act, within } from "@testing-library/react";
import { servedModel } from "@berth/contract";
import { texts } from "../../src/lib/texts";
import { errorAnswer, FakeService, modelAnswer } from "../support/fake-service";
import { openPage, region } from "../support/render-page";

const t = texts.model;
const card = () => within(region(t.heading));

afterEach(() => jest.useRealTimers());

test("the model card says what is served, how good it is and on what terms", async () => {
  const { getByText } = openPage();
  expect(await card().findByText(`${servedModel.name} ${servedModel.version}`)).toBeVisible();
  expect(card().getByText("93.1%")).toBeVisible();
  expect(card().getByText(t.accuracyOn(1342))).toBeVisible();
  expect(card().getByText(modelAnswer.training.terms)).toBeVisible();
  expect(card().getByText(modelAnswer.evaluation.dataset)).toBeVisible();
  expect(card().getByText(modelAnswer.licence)).toBeVisible();
  expect(getByText(t.ready(servedModel.name))).toBeVisible();
});

test("a model that is not ready fails visibly and is asked for again by itself", async () => {
  jest.useFakeTimers();
  const service = new FakeService();
  service.next("model", () => errorAnswer("not_ready"));
  const { findByText, getByText } = openPage(service);
  expect(await findByText(t.status.away)).toBeVisible();
  expect(card().getByText(t.failed)).toBeVisible();
  await act(() => jest.advanceTimersByTimeAsync(6_000));
  expect(await card().findByText(modelAnswer.licence)).toBeVisible();
  expect(getByText(t.ready(servedModel.name))).toBeVisible();
});

test("a model is asked for again no sooner than the service asked, and later every time", async () => {
  jest.useFakeTimers();
  const service = new FakeService();
  service.next("model", () => errorAnswer("not_ready", { retryAfter: "7" }));
  service.next("model", () => errorAnswer("rate_limited", { retryAfter: "9" }));
  const { findByText } = openPage(service);
  const asked = () => service.requests.filter((one) => one === "GET /api/model").length;
  await findByText(t.status.away);
  await act(() => jest.advanceTimersByTimeAsync(6_900));
  expect(asked()).toBe(1);
  await act(() => jest.advanceTimersByTimeAsync(200));
  expect(asked()).toBe(2);
  await act(() => jest.advanceTimersByTimeAsync(8_800));
  expect(asked()).toBe(2);
  await act(() => jest.advanceTimersByTimeAsync(300));
  expect(asked()).toBe(3);
  expect(await card().findByText(modelAnswer.licence)).toBeVisible();
});
