import { errors, historyPage, labels, latencyBudget, paths } from "@berth/contract";
import { createApiClient } from "../../src/lib/api-client";
import { ApiError, failureOf } from "../../src/lib/api-failure";
import {
  answerFor,
  entryFor,
  errorAnswer,
  FakeService,
  modelAnswer,
} from "../support/fake-service";
import type { ApiClientProps } from "../../src/lib/api-client";
import type { ApiFailure } from "../../src/lib/api-failure";

const answering = (response: () => Response | Promise<Response>, props: ApiClientProps = {}) =>
  createApiClient({ fetch: async () => await response(), isOnline: () => true, ...props });

async function failure(request: Promise<unknown>): Promise<ApiFailure> {
  try {
    await request;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ApiError);
    return failureOf(thrown);
  }
  throw new Error("the request did not fail");
}

const errorOfText = {
  error: { code: "text_empty", message: errors.text_empty.message, details: [] },
};

/** A fetch that answers nothing until it is aborted. */
const silent: typeof fetch = (_, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener("abort", () =>
      reject(new DOMException("Aborted", "AbortError")),
    );
  });

describe("a request", () => {
  test("is sent with the method, path and body of the contract", async () => {
    const sent: [string, RequestInit | undefined][] = [];
    const client = createApiClient({
      fetch: async (url, init) => {
        sent.push([String(url), init]);
        return Response.json(answerFor(labels[0], 0.9));
      },
    });
    const answer = await client.call("analyze", { body: { text: "naïve ☃ text" } });
    expect(answer.label).toBe(labels[0]);
    const [url, init] = sent[0]!;
    expect(url).toBe(paths.analyze);
    expect(init?.method).toBe("POST");
    expect(JSON.parse(String(init?.body))).toEqual({ text: "naïve ☃ text" });
    expect(new Headers(init?.headers).get("content-type")).toBe("application/json");
  });

  test("puts the parameter into the path, percent-encoded, and takes 204 for done", async () => {
    const service = new FakeService();
    service.next("deleteHistoryEntry", () => new Response(null, { status: 204 }));
    const client = createApiClient({ fetch: service.fetch });
    await expect(
      client.call("deleteHistoryEntry", { params: { id: "a/b?c" } }),
    ).resolves.toBeUndefined();
    expect(service.requests).toEqual([`DELETE ${paths.history}/a%2Fb%3Fc`]);
  });

  test("puts only the given fields into the query", async () => {
    const service = new FakeService();
    const client = createApiClient({ fetch: service.fetch });
    await client.call("listHistory", { query: { label: labels[3], cursor: undefined } });
    await client.call("listHistory", {});
    expect(service.requests).toEqual([
      `GET ${paths.history}?label=${encodeURIComponent(labels[3])}`,
      `GET ${paths.history}`,
    ]);
  });

  test("reads a page of the history", async () => {
    const service = new FakeService();
    const start = Date.parse("2026-11-23T12:00:00Z");
    service.entries = Array.from({ length: historyPage.default + 1 }, (_, i) =>
      entryFor(`text ${i}`, labels[0], new Date(start - i * 1000)),
    );
    const client = createApiClient({ fetch: service.fetch });
    const page = await client.call("listHistory", {});
    expect(page.entries).toHaveLength(historyPage.default);
    const rest = await client.call("listHistory", { query: { cursor: page.nextCursor! } });
    expect(rest.entries.map((entry) => entry.text)).toEqual([`text ${historyPage.default}`]);
    expect(rest.nextCursor).toBeNull();
  });
});

describe("a refusal", () => {
  test("fails as refused with the wait that the service asks for", async () => {
    const client = answering(() => errorAnswer("queue_full", { retryAfter: "7" }));
    expect(await failure(client.call("analyze", { body: { text: "a" } }))).toEqual({
      kind: "refused",
      code: "queue_full",
      status: errors.queue_full.status,
      message: errors.queue_full.message,
      retryAfterMs: 7_000,
      requestId: "request-of-queue_full",
    });
  });

  test("fails as refused when a proxy answers instead of the service", async () => {
    const client = answering(
      () =>
        new Response("<h1>Bad gateway</h1>", {
          status: 502,
          headers: { "x-request-id": "proxy-1" },
        }),
    );
    expect(await failure(client.call("model", {}))).toEqual({
      kind: "refused",
      code: null,
      status: 502,
      message: null,
      retryAfterMs: null,
      requestId: "proxy-1",
    });
  });

  test.each(Object.keys(errors) as (keyof typeof errors)[])(
    "fails by the contract's own advice on whether to retry: %s",
    async (code) => {
      const { kind } = await failure(
        answering(() => errorAnswer(code)).call("analyze", { body: { text: "a" } }),
      );
      if (errors[code].retry === "later") expect(kind).toBe("refused");
      else expect(kind).toBe(errors[code].status >= 500 ? "server" : "rejected");
    },
  );
});

describe("a rejection", () => {
  test("fails with every detail of what to change", async () => {
    const details = [{ path: "text", message: "at most 20,000 characters" }];
    const client = answering(() => errorAnswer("text_too_long", { details }));
    expect(await failure(client.call("analyze", { body: { text: "a" } }))).toMatchObject({
      kind: "rejected",
      code: "text_too_long",
      message: errors.text_too_long.message,
      details,
    });
  });
});

describe("a failure of the service", () => {
  test("fails with the request id of the body", async () => {
    const client = answering(() => errorAnswer("internal"));
    expect(await failure(client.call("model", {}))).toMatchObject({
      kind: "server",
      requestId: "request-of-internal",
      message: errors.internal.message,
    });
  });

  test("fails with the request id of the header where the body has none", async () => {
    const client = answering(
      () => new Response("oops", { status: 500, headers: { "x-request-id": "from-header" } }),
    );
    expect(await failure(client.call("model", {}))).toMatchObject({
      kind: "server",
      requestId: "from-header",
      message: null,
    });
  });
});

describe("an endpoint", () => {
  test("that takes many texts is called like the others", async () => {
    const { id, ...rest } = answerFor(labels[0], 0.9);
    const results = [{ id, ...rest }, errorOfText];
    const client = answering(() => Response.json({ results }));
    expect(await client.call("analyzeBatch", { body: { texts: ["a", ""] } })).toEqual({ results });
  });

  test("that is a stream does not compile as a call", () => {
    const client = answering(() => Response.json({}));
    // @ts-expect-error A stream has no one body and no one answer.
    const call = () => client.call("analyzeStream", { body: { text: "a" } });
    expect(call).toBeDefined();
  });
});

describe("an answer that this page does not know", () => {
  test("fails as a mismatch when a field is missing, and says which", async () => {
    const { confidence: _, ...rest } = answerFor(labels[0], 0.9);
    const result = await failure(
      answering(() => Response.json(rest)).call("analyze", { body: { text: "a" } }),
    );
    expect(result.kind).toBe("mismatch");
    expect(result).toHaveProperty("reason", expect.stringContaining("confidence"));
  });

  test("fails as a mismatch when it is not JSON", async () => {
    const client = answering(() => new Response("<!doctype html>", { status: 200 }));
    expect((await failure(client.call("model", {}))).kind).toBe("mismatch");
  });

  test("fails as a mismatch when a label is new", async () => {
    const client = answering(() => Response.json({ ...modelAnswer, labels: ["Weather"] }));
    expect((await failure(client.call("model", {}))).kind).toBe("mismatch");
  });

  test("fails as a mismatch when the address is not known there", async () => {
    const client = answering(() => new Response("<h1>Not found</h1>", { status: 404 }));
    expect((await failure(client.call("model", {}))).kind).toBe("mismatch");
  });
});

describe("a connection", () => {
  const broken: typeof fetch = async () => {
    throw new TypeError("Failed to fetch");
  };

  test("fails as offline when this device has no network", async () => {
    const client = createApiClient({ fetch: broken, isOnline: () => false });
    expect(await failure(client.call("model", {}))).toEqual({ kind: "offline" });
  });

  test("fails as unreachable when there is a network but no service", async () => {
    const client = createApiClient({ fetch: broken, isOnline: () => true });
    expect(await failure(client.call("model", {}))).toEqual({ kind: "unreachable" });
  });

  test("fails as unreachable when it breaks in the middle of the answer", async () => {
    const torn = new ReadableStream({
      pull: (stream) => stream.error(new TypeError("terminated")),
    });
    const client = answering(() => new Response(torn));
    expect(await failure(client.call("model", {}))).toEqual({ kind: "unreachable" });
  });
});

describe("a silent service", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test("fails by timeout after the latency budget's limit and not before", async () => {
    const client = createApiClient({ fetch: silent, isOnline: () => true });
    let settled = false;
    const result = failure(client.call("model", {})).finally(() => (settled = true));
    await jest.advanceTimersByTimeAsync(latencyBudget.clientTimeoutMs - 1);
    expect(settled).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await result).toEqual({ kind: "timeout", afterMs: latencyBudget.clientTimeoutMs });
  });

  test("fails by timeout when the body stalls after the headers", async () => {
    const client = createApiClient({
      fetch: async (_, init) => {
        const body = new ReadableStream({
          start: (stream) =>
            init?.signal?.addEventListener("abort", () => stream.error(new Error("aborted"))),
        });
        return new Response(body);
      },
    });
    const result = failure(client.call("model", {}));
    await jest.advanceTimersByTimeAsync(latencyBudget.clientTimeoutMs);
    expect((await result).kind).toBe("timeout");
  });

  test("leaves no timer behind after an answer", async () => {
    await answering(() => Response.json(modelAnswer)).call("model", {});
    expect(jest.getTimerCount()).toBe(0);
  });

  test("fails as cancelled when the caller gives up", async () => {
    const controller = new AbortController();
    const client = createApiClient({ fetch: silent });
    const result = failure(client.call("model", { signal: controller.signal }));
    controller.abort();
    expect(await result).toEqual({ kind: "cancelled" });
  });

  test("fails as cancelled at once when the caller had given up before", async () => {
    const service = new FakeService();
    const client = createApiClient({ fetch: service.fetch });
    expect(await failure(client.call("model", { signal: AbortSignal.abort() }))).toEqual({
      kind: "cancelled",
    });
  });
});
