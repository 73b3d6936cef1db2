import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { errors, labels, latencyBudget, maxTextCharacters, servedModel } from "@berth/contract";
import { maxAttempts } from "../../src/features/analyze/api/after-failure";
import { examples } from "../../src/lib/examples";
import { formatShare } from "../../src/lib/format";
import { texts } from "../../src/lib/texts";
import { answerFor, errorAnswer, FakeService } from "../support/fake-service";
import { field, openPage, region, setOnline, submitButton } from "../support/render-page";

const t = texts.analyze;
const result = () => region(texts.result.heading);
const verdict = () => within(result()).findByTestId("verdict");
const headline = "The striker scored twice";

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe("before anything is analyzed", () => {
  test("the page says what will appear, and nothing is sent", () => {
    const { service } = openPage();
    expect(within(result()).getByText(texts.result.empty)).toBeVisible();
    expect(service.analyzed).toEqual([]);
  });

  test("analyzing nothing says what is missing and puts the cursor there", async () => {
    const { user, service } = openPage();
    await user.click(submitButton());
    expect(screen.getByText(t.nothingTyped)).toBeVisible();
    expect(field()).toHaveFocus();
    expect(field()).toHaveAccessibleDescription(expect.stringContaining(t.nothingTyped));
    expect(service.analyzed).toEqual([]);
    await user.type(field(), "a");
    expect(screen.queryByText(t.nothingTyped)).not.toBeInTheDocument();
  });

  test("white space counts as nothing", async () => {
    const { user, service } = openPage();
    await user.type(field(), "  {Enter} ");
    await user.click(submitButton());
    expect(screen.getByText(t.nothingTyped)).toBeVisible();
    expect(service.analyzed).toEqual([]);
  });
});

describe("an answer", () => {
  test("shows the label, the confidence, every score as a meter, the timings and the model", async () => {
    const { user } = openPage();
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await verdict()).toHaveTextContent(labels[1]);
    expect(await verdict()).toHaveTextContent(texts.result.sure(0.97));
    const meters = within(result()).getAllByRole("meter");
    expect(meters.map((meter) => meter.getAttribute("aria-valuenow"))[0]).toBe("0.97");
    expect(meters).toHaveLength(labels.length);
    for (const label of labels)
      expect(within(result()).getByRole("meter", { name: label })).toBeInTheDocument();
    expect(within(result()).getByRole("meter", { name: labels[1] })).toHaveAttribute(
      "aria-valuetext",
      formatShare(0.97),
    );
    for (const step of Object.values(texts.result.steps))
      expect(within(result()).getByText(step)).toBeVisible();
    expect(within(result()).getByText("14 ms")).toBeVisible();
    expect(within(result()).getByText(`${servedModel.name} ${servedModel.version}`)).toBeVisible();
    expect(within(result()).queryByText(texts.result.unsure)).not.toBeInTheDocument();
    expect(within(result()).queryByText(texts.result.truncatedTitle)).not.toBeInTheDocument();
  });

  test.each(["Control", "Meta"])("comes by %s and Enter too", async (key) => {
    const { user, service } = openPage();
    await user.type(field(), `${headline}{${key}>}{Enter}{/${key}}`);
    await verdict();
    expect(service.analyzed).toEqual([headline]);
  });

  test("Enter alone only begins a new line", async () => {
    const { user, service } = openPage();
    await user.type(field(), `${headline}{Enter}`);
    expect(field()).toHaveValue(`${headline}\n`);
    expect(service.analyzed).toEqual([]);
  });

  test("is told to screen readers", async () => {
    const { user } = openPage();
    await user.type(field(), headline);
    await user.click(submitButton());
    const words = texts.result.announce(labels[1], 0.97, false);
    expect((await screen.findByText(words)).closest("[role=status]")).not.toBeNull();
  });

  test("that is unsure says so, and what comes next", async () => {
    const service = new FakeService();
    service.classify = () => answerFor(labels[0], 0.4, { unsure: true });
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await verdict()).toHaveTextContent(texts.result.unsure);
    expect(await verdict()).toHaveAttribute("data-unsure", "true");
    const next = answerFor(labels[0], 0.4).scores[1]!;
    expect(
      within(result()).getByText(texts.result.unsureBody(next.label, next.score, 0.6)),
    ).toBeVisible();
  });

  test("for a text that was cut says how much was read", async () => {
    const service = new FakeService();
    service.classify = () =>
      answerFor(labels[1], 0.9, { truncated: true, tokens: { total: 1234, used: 256 } });
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await within(result()).findByText(texts.result.truncated(256, 1234))).toBeVisible();
  });

  test("shows the text as text, whatever is in it", async () => {
    const { user, container } = openPage();
    const hostile = "<img src=x onerror=alert(1)><b>bold</b>";
    fireEvent.change(field(), { target: { value: hostile } });
    await user.click(submitButton());
    await verdict();
    expect(within(result()).getByText(hostile)).toBeVisible();
    expect(container.querySelector("img, b")).toBeNull();
  });

  test("replaces the one before", async () => {
    const { user, service } = openPage();
    await user.type(field(), headline);
    await user.click(submitButton());
    await verdict();
    service.classify = () => answerFor(labels[2], 0.8);
    await user.click(submitButton());
    await waitFor(async () => expect(await verdict()).toHaveTextContent(labels[2]));
    expect(within(result()).getAllByTestId("verdict")).toHaveLength(1);
  });
});

describe("while the model reads", () => {
  test("the page says so, and cancelling goes back to where it was", async () => {
    const service = new FakeService();
    service.next("analyze", () => new Promise(() => undefined));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(screen.getByRole("button", { name: t.submitting })).toHaveAttribute("aria-busy", "true");
    expect(result()).toHaveAttribute("aria-busy", "true");
    expect(screen.getByText(texts.result.loading)).toBeInTheDocument();
    await user.click(within(result()).getByRole("button", { name: texts.action.cancel }));
    expect(within(result()).getByText(texts.result.empty)).toBeVisible();
    expect(field()).toHaveValue(headline);
  });

  test("an answer that comes after cancelling is not shown", async () => {
    const service = new FakeService();
    let answer = (): void => undefined;
    const answered = new Promise<Response>((resolve) => {
      answer = () => resolve(Response.json(answerFor(labels[1], 0.9)));
    });
    service.next("analyze", () => answered);
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    await user.click(within(result()).getByRole("button", { name: texts.action.cancel }));
    await act(async () => {
      answer();
      await answered;
    });
    expect(within(result()).getByText(texts.result.empty)).toBeVisible();
    expect(screen.queryByTestId("verdict")).not.toBeInTheDocument();
  });
});

describe("the text", () => {
  test("is counted against the limit", async () => {
    openPage();
    fireEvent.change(field(), { target: { value: "x".repeat(1234) } });
    expect(screen.getByText(t.count(1234, maxTextCharacters))).toBeVisible();
  });

  test("at the limit exactly can be sent", async () => {
    const { user, service } = openPage();
    fireEvent.change(field(), { target: { value: "x".repeat(maxTextCharacters) } });
    expect(submitButton()).not.toHaveAttribute("aria-disabled");
    await user.click(submitButton());
    await verdict();
    expect(service.analyzed[0]).toHaveLength(maxTextCharacters);
  });

  test("over the limit is not sent, and the button says why", async () => {
    const { user, service } = openPage();
    fireEvent.change(field(), { target: { value: "x".repeat(maxTextCharacters + 2) } });
    expect(screen.getByText(t.tooLong(2))).toBeVisible();
    expect(submitButton()).toHaveAttribute("aria-disabled", "true");
    expect(submitButton()).toHaveAccessibleDescription(t.tooLong(2));
    await user.click(submitButton());
    await user.type(field(), "{Control>}{Enter}{/Control}");
    expect(service.analyzed).toEqual([]);
  });

  test("survives a reload", async () => {
    const { user, unmount } = openPage();
    await user.type(field(), "half a thou");
    unmount();
    openPage();
    expect(field()).toHaveValue("half a thou");
  });

  test("that was cleared can be brought back", async () => {
    const { user } = openPage();
    await user.type(field(), headline);
    await user.click(screen.getByRole("button", { name: t.clear }));
    expect(field()).toHaveValue("");
    expect(field()).toHaveFocus();
    await user.click(screen.getByRole("button", { name: t.restore }));
    expect(field()).toHaveValue(headline);
    expect(screen.queryByRole("button", { name: t.restore })).not.toBeInTheDocument();
  });

  test("that an example replaced can be brought back", async () => {
    const { user } = openPage();
    await user.type(field(), headline);
    for (const example of examples)
      await user.click(screen.getByRole("button", { name: example.title }));
    await user.click(screen.getByRole("button", { name: t.restore }));
    expect(field()).toHaveValue(headline);
  });
});

test("an example is filled in and analyzed at once", async () => {
  const { user, service } = openPage();
  await user.click(screen.getByRole("button", { name: examples[3]!.title }));
  await verdict();
  expect(field()).toHaveValue(examples[3]!.text);
  expect(service.analyzed).toEqual([examples[3]!.text]);
});

describe("a refusal", () => {
  test("counts down what the service asked for and then succeeds by itself", async () => {
    jest.useFakeTimers();
    const service = new FakeService();
    service.next("analyze", () => errorAnswer("queue_full", { retryAfter: "3" }));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await within(result()).findByText(errors.queue_full.message)).toBeVisible();
    expect(screen.getByRole("timer")).toHaveTextContent(texts.failure.retryIn(3_000));
    await act(() => jest.advanceTimersByTimeAsync(1_400));
    expect(screen.getByRole("timer")).toHaveTextContent(texts.failure.retryIn(2_000));
    await act(() => jest.advanceTimersByTimeAsync(1_500));
    expect(service.analyzed).toHaveLength(1);
    await act(() => jest.advanceTimersByTimeAsync(200));
    expect(service.analyzed).toEqual([headline, headline]);
    expect(await verdict()).toHaveTextContent(labels[1]);
  });

  test("is announced once and not with every second", async () => {
    jest.useFakeTimers();
    const service = new FakeService();
    service.next("analyze", () => errorAnswer("rate_limited", { retryAfter: "9" }));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    const words = `${texts.failure.refused}. ${texts.failure.retryIn(9_000)}`;
    expect(await screen.findByText(words)).toBeInTheDocument();
    await act(() => jest.advanceTimersByTimeAsync(4_000));
    expect(screen.getByText(words)).toBeInTheDocument();
  });

  test("can be cancelled: nothing is sent any more", async () => {
    jest.useFakeTimers();
    const service = new FakeService();
    service.next("analyze", () => errorAnswer("queue_full", { retryAfter: "3" }));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    await within(result()).findByRole("timer");
    await user.click(within(result()).getByRole("button", { name: texts.action.cancel }));
    await act(() => jest.advanceTimersByTimeAsync(60_000));
    expect(service.analyzed).toHaveLength(1);
    expect(field()).toHaveValue(headline);
  });

  test("that goes on is left to the person after several attempts", async () => {
    jest.useFakeTimers();
    const service = new FakeService();
    for (let i = 0; i < maxAttempts; i += 1)
      service.next("analyze", () => errorAnswer("not_ready", { retryAfter: "1" }));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    for (let i = 0; i < maxAttempts + 2; i += 1)
      await act(() => jest.advanceTimersByTimeAsync(1_000));
    expect(service.analyzed).toHaveLength(maxAttempts);
    expect(within(result()).getByText(texts.failure.gaveUp)).toBeVisible();
    await user.click(within(result()).getByRole("button", { name: texts.action.retry }));
    expect(await verdict()).toHaveTextContent(labels[1]);
  });
});

describe("without a network", () => {
  test("the text waits and is sent by itself once the connection is back", async () => {
    const service = new FakeService();
    const { user } = openPage(service);
    await user.type(field(), headline);
    act(() => setOnline(false));
    expect(screen.getByText(texts.app.offline)).toBeVisible();
    service.next("analyze", () => Promise.reject(new TypeError("Failed to fetch")));
    await user.click(submitButton());
    expect(await within(result()).findByText(texts.failure.offlineBody)).toBeVisible();
    expect(service.analyzed).toHaveLength(1);
    act(() => setOnline(true));
    expect(await verdict()).toHaveTextContent(labels[1]);
    expect(service.analyzed).toEqual([headline, headline]);
    expect(screen.queryByText(texts.app.offline)).not.toBeInTheDocument();
  });

  test("a service that is away is not asked again by itself, since it may have answered", async () => {
    const service = new FakeService();
    const { user } = openPage(service);
    service.next("analyze", () => Promise.reject(new TypeError("Failed to fetch")));
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await within(result()).findByText(texts.failure.unreachable)).toBeVisible();
    expect(service.analyzed).toHaveLength(1);
    await user.click(within(result()).getByRole("button", { name: texts.action.retry }));
    expect(await verdict()).toHaveTextContent(labels[1]);
  });
});

describe("a failure", () => {
  test("fails with the service's message and the request id", async () => {
    const service = new FakeService();
    service.next("analyze", () => errorAnswer("internal"));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await within(result()).findByText(errors.internal.message)).toBeVisible();
    expect(within(result()).getByText("request-of-internal")).toBeVisible();
    expect(field()).toHaveValue(headline);
  });

  test("fails with every detail when the text was not accepted, and offers no retry", async () => {
    const service = new FakeService();
    service.next("analyze", () =>
      errorAnswer("text_empty", { details: [{ path: "text", message: "only markup was found" }] }),
    );
    const { user } = openPage(service);
    await user.type(field(), "<p></p>");
    await user.click(submitButton());
    expect(await within(result()).findByText(errors.text_empty.message)).toBeVisible();
    expect(within(result()).getByText("only markup was found")).toBeVisible();
    expect(
      within(result()).queryByRole("button", { name: texts.action.retry }),
    ).not.toBeInTheDocument();
  });

  test("fails by offering a reload when the answer is not what this page knows", async () => {
    const service = new FakeService();
    service.next("analyze", () => Response.json({ topic: "sports" }));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    expect(await within(result()).findByText(texts.failure.mismatchBody)).toBeVisible();
    expect(within(result()).getByRole("button", { name: texts.action.reload })).toBeVisible();
  });

  test("fails by timeout when nothing comes, and says how long the page waited", async () => {
    jest.useFakeTimers();
    const service = new FakeService();
    service.next("analyze", () => new Promise(() => undefined));
    const { user } = openPage(service);
    await user.type(field(), headline);
    await user.click(submitButton());
    await act(() => jest.advanceTimersByTimeAsync(latencyBudget.clientTimeoutMs));
    expect(
      within(result()).getByText(texts.failure.timeoutBody(latencyBudget.clientTimeoutMs)),
    ).toBeVisible();
  });
});
