import { parseRetryAfter } from "../../src/lib/retry-after";

const now = Date.parse("2026-11-23T12:00:00Z");

describe("parseRetryAfter", () => {
  test("reads seconds", () => {
    expect(parseRetryAfter("3", now)).toBe(3_000);
    expect(parseRetryAfter(" 0 ", now)).toBe(0);
  });

  test("reads a date", () => {
    expect(parseRetryAfter("Mon, 23 Nov 2026 12:00:05 GMT", now)).toBe(5_000);
  });

  test("takes a date that is past as no wait", () => {
    expect(parseRetryAfter("Mon, 23 Nov 2026 11:59:00 GMT", now)).toBe(0);
  });

  test.each([null, "", "soon", "-3", "1.5"])("fails to find a wait in %p", (header) => {
    expect(parseRetryAfter(header, now)).toBeNull();
  });
});
