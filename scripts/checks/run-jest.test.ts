import { outcome } from "../lib/run-jest";
import { Tally } from "../lib/tally";

const suite = (statuses: string[], status = "passed") => ({
  name: "a.test.ts",
  status,
  assertionResults: statuses.map((one, i) => ({ status: one, fullName: `test ${i}` })),
});

describe("the count of tests", () => {
  it("keeps passed, failed and skipped apart", () => {
    const report = {
      testResults: [suite(["passed", "failed", "pending"]), suite(["passed", "todo"])],
    };
    expect(outcome(report, 1)).toEqual({
      passed: 2,
      failed: ["test 1"],
      skipped: ["test 2", "test 1"],
    });
  });

  it("fails for a suite that does not load, a run that ends badly, and a run of no test", () => {
    expect(outcome({ testResults: [suite([], "failed")] }, 1).failed).toEqual(["a.test.ts"]);
    expect(outcome({ testResults: [suite(["passed"])] }, 1).failed).toEqual([
      "jest ended with status 1",
    ]);
    expect(outcome({ testResults: [] }, 0).failed).toEqual(["jest ran no test"]);
  });
});

describe("the summary", () => {
  const lines: string[] = [];
  let log: jest.SpyInstance;
  beforeEach(() => {
    lines.length = 0;
    log = jest.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    jest.spyOn(console, "error").mockImplementation();
  });
  afterEach(() => {
    log.mockRestore();
    process.exitCode = 0;
  });

  it("ends with one plain line, and success", async () => {
    const tally = new Tally();
    await tally.check("lint", async () => {});
    tally.add({ passed: 3, failed: [], skipped: ["needs a server"] });
    tally.close();
    expect(lines).toEqual(["skipped: needs a server", "Tests: 4 passed, 0 failed, 1 skipped"]);
    expect(process.exitCode).toBe(0);
  });

  it("fails when one check threw, and still runs the others", async () => {
    const tally = new Tally();
    await tally.check("lint", async () => {
      throw new Error("no");
    });
    await tally.check("types", async () => {});
    tally.close();
    expect(lines).toEqual(["failed: lint", "Tests: 1 passed, 1 failed, 0 skipped"]);
    expect(process.exitCode).toBe(1);
  });
});
