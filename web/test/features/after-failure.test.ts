import { errors } from "@berth/contract";
import { afterFailure, maxAttempts } from "../../src/features/analyze/api/after-failure";
import type { ApiFailure } from "../../src/lib/api-failure";

const fromService = { status: 503, requestId: null };
const failures: { [K in ApiFailure["kind"]]: ApiFailure & { kind: K } } = {
  refused: {
    ...fromService,
    kind: "refused",
    code: "queue_full",
    message: errors.queue_full.message,
    retryAfterMs: 2_000,
  },
  rejected: { ...fromService, kind: "rejected", code: "text_empty", message: "", details: [] },
  server: { ...fromService, kind: "server", message: null },
  offline: { kind: "offline" },
  unreachable: { kind: "unreachable" },
  timeout: { kind: "timeout", afterMs: 10_000 },
  mismatch: { ...fromService, kind: "mismatch", reason: "" },
  cancelled: { kind: "cancelled" },
};
const after = (failure: ApiFailure, attempt = 1) =>
  afterFailure({ text: "a", failure, attempt, nowMs: 1_000, random: () => 0 });

test("a refusal is repeated when the service's wait is over", () => {
  expect(after(failures.refused)).toMatchObject({
    phase: "waiting",
    resume: { on: "time", atMs: 3_000, delayMs: 2_000 },
  });
});

test("a refusal is repeated so many times and no more", () => {
  expect(after(failures.refused, maxAttempts - 1).phase).toBe("waiting");
  expect(after(failures.refused, maxAttempts).phase).toBe("failed");
});

test("a lost network is waited for", () => {
  expect(after(failures.offline, 1_000)).toMatchObject({
    phase: "waiting",
    resume: { on: "connection" },
  });
});

test.each(["rejected", "server", "unreachable", "timeout", "mismatch"] as const)(
  "fails without repeating anything by itself: %s",
  (kind) => {
    expect(after(failures[kind])).toEqual({ phase: "failed", text: "a", failure: failures[kind] });
  },
);

test("giving up leaves nothing behind", () => {
  expect(after(failures.cancelled)).toEqual({ phase: "idle" });
});
