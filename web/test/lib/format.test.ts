import { formatAgo, formatDuration, formatSeconds, formatShare } from "../../src/lib/format";

describe("formatShare", () => {
  test.each([
    [0, "0.0%"],
    [0.0001, "<0.1%"],
    [0.415, "41.5%"],
    [0.9994, "99.9%"],
    [0.99996, ">99.9%"],
    [1, "100.0%"],
  ])("writes %p as %p and never rounds to certainty", (share, expected) => {
    expect(formatShare(share)).toBe(expected);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0.00 ms"],
    [0.037, "0.04 ms"],
    [4.24, "4.2 ms"],
    [38.4, "38 ms"],
    [1254, "1.25 s"],
  ])("writes %p ms as %p", (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });
});

describe("formatSeconds", () => {
  test("rounds up, so that a countdown shows 1 until it is over", () => {
    expect(formatSeconds(2_001)).toBe("3 s");
    expect(formatSeconds(1)).toBe("1 s");
    expect(formatSeconds(-50)).toBe("0 s");
  });
});

describe("formatAgo", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  test.each([
    ["2026-11-23T11:59:30Z", "now"],
    ["2026-11-23T12:00:30Z", "now"],
    ["2026-11-23T11:57:10Z", "2 min. ago"],
    ["2026-11-23T09:00:00Z", "3 hr. ago"],
    ["2026-11-22T12:00:00Z", "yesterday"],
    ["2026-11-20T12:00:00Z", "3 days ago"],
  ])("calls %p %p", (iso, expected) => {
    expect(formatAgo(iso, now)).toBe(expected);
  });
});
