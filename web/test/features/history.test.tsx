import { act, screen, waitFor, within } from "@testing-library/react";
import { errors, historyPage, labels, paths } from "@berth/contract";
import { mergeEntries } from "../../src/features/history/api/merge-entries";
import { texts } from "../../src/lib/texts";
import { entryFor, errorAnswer, FakeService } from "../support/fake-service";
import { field, openPage, region, submitButton } from "../support/render-page";
import type { Label } from "@berth/contract";

const t = texts.history;
const history = () => region(t.heading);
const rows = () => within(history()).queryAllByRole("listitem");
const row = async (text: string) =>
  (
    await within(history()).findByRole("button", { name: new RegExp(`^(?!Delete).*${text}`) })
  ).closest("li")!;
const now = Date.now();

/** A service with the given texts in its history, the first the newest. */
function serviceWith(...entries: [text: string, label: Label][]): FakeService {
  const service = new FakeService();
  service.entries = entries.map(([text, label], i) =>
    entryFor(text, label, new Date(now - (i + 1) * 60_000)),
  );
  return service;
}

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe("the history", () => {
  test("says that it is loading, then that it is empty", async () => {
    openPage();
    expect(history()).toHaveAttribute("aria-busy", "true");
    expect(within(history()).getByText(t.loading)).toBeInTheDocument();
    expect(await within(history()).findByText(t.empty)).toBeVisible();
    expect(history()).toHaveAttribute("aria-busy", "false");
  });

  test("lists entries newest first, with label, confidence and time", async () => {
    openPage(serviceWith(["newest", labels[0]], ["older", labels[1]], ["oldest", labels[2]]));
    await row("newest");
    expect(rows().map((li) => /newest|older|oldest/.exec(li.textContent)?.[0])).toEqual([
      "newest",
      "older",
      "oldest",
    ]);
    const older = within(await row("older"));
    expect(older.getByText(labels[1])).toBeVisible();
    expect(older.getByText("93.0%")).toBeVisible();
    expect(older.getByText("2 min. ago")).toHaveAttribute(
      "datetime",
      new Date(now - 120_000).toISOString(),
    );
  });

  test("gets a new answer at the top at once, without asking the service again", async () => {
    const { user, service } = openPage(serviceWith(["older", labels[2]]));
    await row("older");
    const asked = service.requests.filter((line) => line.startsWith(`GET ${paths.history}`)).length;
    await user.type(field(), "brand new");
    await user.click(submitButton());
    await row("brand new");
    expect(rows()[0]).toHaveTextContent("brand new");
    expect(rows()).toHaveLength(2);
    expect(service.requests.filter((line) => line.startsWith(`GET ${paths.history}`))).toHaveLength(
      asked,
    );
  });

  test("shows only one label when asked, answers of this visit included", async () => {
    const { user } = openPage(serviceWith(["about money", labels[2]], ["about sport", labels[1]]));
    await row("about money");
    await user.type(field(), "more sport");
    await user.click(submitButton());
    await row("more sport");
    await user.click(within(history()).getByRole("radio", { name: labels[2] }));
    await row("about money");
    await waitFor(() => expect(rows()).toHaveLength(1));
    await user.click(within(history()).getByRole("radio", { name: labels[1] }));
    await row("more sport");
    await waitFor(() => expect(rows()).toHaveLength(2));
    await user.click(within(history()).getByRole("radio", { name: labels[3] }));
    expect(await within(history()).findByText(t.emptyFiltered(labels[3]))).toBeVisible();
    await user.click(within(history()).getByRole("radio", { name: t.all }));
    await waitFor(() => expect(rows()).toHaveLength(3));
  });

  test("shows older entries by the cursor until there are no more", async () => {
    const count = historyPage.default * 2 + 3;
    const { user, service } = openPage(
      serviceWith(
        ...Array.from({ length: count }, (_, i): [string, Label] => [`text ${i}`, labels[0]]),
      ),
    );
    await row("text 0");
    expect(rows()).toHaveLength(historyPage.default);
    await user.click(within(history()).getByRole("button", { name: t.more }));
    await waitFor(() => expect(rows()).toHaveLength(historyPage.default * 2));
    await user.click(within(history()).getByRole("button", { name: t.more }));
    await waitFor(() => expect(rows()).toHaveLength(count));
    expect(within(history()).queryByRole("button", { name: t.more })).not.toBeInTheDocument();
    expect(service.requests.filter((line) => line.includes("cursor="))).toHaveLength(2);
  });
});

describe("an entry", () => {
  test("opens to its whole text, scores and timings, and closes", async () => {
    const { user } = openPage(serviceWith(["line one\nline two", labels[3]]));
    const li = within(await row("line one"));
    const summary = li.getAllByRole("button")[0]!;
    expect(summary).toHaveAttribute("aria-expanded", "false");
    expect(li.queryByRole("meter")).not.toBeInTheDocument();
    await user.click(summary);
    expect(summary).toHaveAttribute("aria-expanded", "true");
    expect(li.getAllByRole("meter")).toHaveLength(labels.length);
    expect(li.getByText(texts.result.steps.infer)).toBeVisible();
    await user.click(summary);
    expect(li.queryByRole("meter")).not.toBeInTheDocument();
  });

  test("is deleted only after being asked, and the focus goes on", async () => {
    const { user, service } = openPage(serviceWith(["keep me", labels[0]], ["lose me", labels[1]]));
    const li = within(await row("lose me"));
    await user.click(li.getByRole("button", { name: t.removeNamed("lose me") }));
    expect(li.getByText(t.removeQuestion)).toBeVisible();
    expect(li.getByRole("button", { name: t.removeKeep })).toHaveFocus();
    expect(service.requests.some((line) => line.startsWith("DELETE"))).toBe(false);
    await user.click(li.getByRole("button", { name: t.removeConfirm }));
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(rows()[0]).toHaveTextContent("keep me");
    expect(service.entries.map((entry) => entry.text)).toEqual(["keep me"]);
    expect(within(history()).getByText(t.removed)).toBeInTheDocument();
    expect(within(history()).getByRole("heading", { name: t.heading })).toHaveFocus();
  });

  test("is kept when the person thinks better of it", async () => {
    const { user, service } = openPage(serviceWith(["keep me", labels[0]]));
    const li = within(await row("keep me"));
    const remove = li.getByRole("button", { name: t.removeNamed("keep me") });
    await user.click(remove);
    await user.keyboard("{Escape}");
    expect(li.queryByText(t.removeQuestion)).not.toBeInTheDocument();
    expect(remove).toHaveFocus();
    expect(service.entries).toHaveLength(1);
  });

  test("of this visit can be deleted too", async () => {
    const { user, service } = openPage();
    await user.type(field(), "just now");
    await user.click(submitButton());
    const li = within(await row("just now"));
    await user.click(li.getByRole("button", { name: t.removeNamed("just now") }));
    await user.click(li.getByRole("button", { name: t.removeConfirm }));
    await waitFor(() => expect(rows()).toHaveLength(0));
    expect(service.entries).toHaveLength(0);
  });

  test("that someone else deleted already just goes", async () => {
    const { user, service } = openPage(serviceWith(["gone", labels[0]]));
    const li = within(await row("gone"));
    service.entries = [];
    await user.click(li.getByRole("button", { name: t.removeNamed("gone") }));
    await user.click(li.getByRole("button", { name: t.removeConfirm }));
    await waitFor(() => expect(rows()).toHaveLength(0));
    expect(within(history()).queryByText(t.removeFailed)).not.toBeInTheDocument();
  });

  test("fails to be deleted when the store is away, stays, and says why", async () => {
    const { user, service } = openPage(serviceWith(["stays", labels[0]]));
    service.next("deleteHistoryEntry", () => errorAnswer("history_unavailable"));
    const li = within(await row("stays"));
    await user.click(li.getByRole("button", { name: t.removeNamed("stays") }));
    await user.click(li.getByRole("button", { name: t.removeConfirm }));
    expect(await li.findByText(t.removeFailed)).toBeVisible();
    expect(li.getByText(errors.history_unavailable.message)).toBeVisible();
    await user.click(li.getByRole("button", { name: t.removeConfirm }));
    await waitFor(() => expect(rows()).toHaveLength(0));
  });
});

describe("a history that cannot be read", () => {
  test("fails with what the service says, and is asked for again by itself", async () => {
    jest.useFakeTimers();
    const service = serviceWith(["back again", labels[0]]);
    service.next("listHistory", () => errorAnswer("history_unavailable"));
    openPage(service);
    expect(await within(history()).findByText(t.failed)).toBeVisible();
    expect(within(history()).getByText(errors.history_unavailable.message)).toBeVisible();
    expect(within(history()).queryByText(t.empty)).not.toBeInTheDocument();
    await act(() => jest.advanceTimersByTimeAsync(11_000));
    await row("back again");
    expect(within(history()).queryByText(t.failed)).not.toBeInTheDocument();
  });

  test("fails without losing the answers of this visit", async () => {
    const service = new FakeService();
    service.next("listHistory", () => errorAnswer("history_unavailable"));
    const { user } = openPage(service);
    await within(history()).findByText(t.failed);
    await user.type(field(), "still listed");
    await user.click(submitButton());
    await row("still listed");
    expect(within(history()).getByText(t.failed)).toBeVisible();
  });

  test("fails and comes back by the button", async () => {
    const service = serviceWith(["by hand", labels[0]]);
    service.next("listHistory", () => errorAnswer("history_unavailable"));
    const { user } = openPage(service);
    await within(history()).findByText(t.failed);
    await user.click(within(history()).getByRole("button", { name: texts.action.retry }));
    await row("by hand");
  });
});

describe("mergeEntries", () => {
  const at = (text: string, seconds: number, label: Label = labels[0]) =>
    entryFor(text, label, new Date(now + seconds * 1000));

  test("lists an entry once when it is both recorded and recent", () => {
    const entry = at("once", 0);
    expect(mergeEntries([entry], [entry], null)).toHaveLength(1);
  });

  test("sorts by id, so that order does not depend on who answered first", () => {
    const merged = mergeEntries([at("a", 3), at("b", 1)], [at("c", 2)], null);
    expect(merged.map((entry) => entry.text)).toEqual(["a", "c", "b"]);
  });

  test("fails to list another label", () => {
    expect(mergeEntries([at("a", 0, labels[1])], [at("b", 1, labels[1])], labels[2])).toEqual([]);
  });
});

test("nothing on the page asks for an address outside of the contract", async () => {
  const { service } = openPage();
  await screen.findByText(t.empty);
  expect(new Set(service.requests)).toEqual(
    new Set([`GET ${paths.model}`, `GET ${paths.history}`]),
  );
});
