import { join } from "node:path";
import { judge, judgeMutants, maxExceptions, readExceptions, understand } from "../lib/checkov";

const open = { check: "CKV_AWS_260", place: "berth-node-node/web/http-in", title: "port 80" };
const exception = {
  checks: ["CKV_AWS_260"],
  places: ["berth-*-node/web/http-in"],
  reason: "It is a web server.",
};

describe("the judgement of what checkov finds", () => {
  it("passes what an exception names, in every environment, and nothing at all", () => {
    const spot = { ...open, place: "berth-node-spot-node/web/http-in" };
    expect(judge([open, spot], [exception])).toEqual([]);
    expect(judge([], [])).toEqual([]);
  });

  it("fails on a finding of another check, or at another place", () => {
    const other = { ...open, check: "CKV_AWS_24", title: "port 22" };
    const elsewhere = { ...open, place: "berth-node-node/web/http-in-too" };
    expect(judge([open, other, elsewhere], [exception])).toEqual([
      "berth-node-node/web/http-in: port 22 (CKV_AWS_24)",
      "berth-node-node/web/http-in-too: port 80 (CKV_AWS_260)",
    ]);
  });

  it("fails on an exception that matches nothing, also if another of its places does", () => {
    const two = { ...exception, places: [...exception.places, "berth-*-cluster/web/http-in"] };
    expect(judge([open], [two])).toEqual([
      "the exception of CKV_AWS_260 at berth-*-cluster/web/http-in matches nothing: remove it",
    ]);
  });

  it("fails on a check of an exception that finds nothing beside another that does", () => {
    const two = { ...exception, checks: [...exception.checks, "CKV_AWS_24"] };
    expect(judge([open], [two])).toEqual([
      "the exception of CKV_AWS_24 matches nothing: remove it",
    ]);
  });

  it("fails on an exception without a reason", () => {
    expect(judge([open], [{ ...exception, reason: " " }])).toEqual([
      "the exception of CKV_AWS_260 gives no reason",
    ]);
  });

  it("fails on more exceptions than there may be", () => {
    const many = Array.from({ length: maxExceptions + 1 }, () => exception);
    expect(judge([open], many)).toEqual(["13 exceptions, of 12 at most"]);
  });

  it("holds few enough written exceptions, each with places and a reason", () => {
    const written = readExceptions(join(__dirname, "../.."));
    expect(written.length).toBeLessThanOrEqual(maxExceptions);
    for (const { checks, places, reason } of written) {
      for (const check of checks) expect(check).toMatch(/^CKV2?_AWS_\d+$/);
      expect(places.length).toBeGreaterThan(0);
      expect(reason.length).toBeGreaterThan(40);
    }
  });
});

describe("the judgement of mutants", () => {
  const mutant = { name: "an open port", check: open.check };

  it("passes one that the named check sees, and did not see without it", () => {
    expect(judgeMutants([mutant], [], [open])).toEqual([]);
  });

  it("fails on one that survives, on one that proves nothing, and where there is none", () => {
    expect(judgeMutants([mutant], [], [{ ...open, check: "CKV_AWS_24" }])).toEqual([
      "an open port: survives, CKV_AWS_260 does not see it",
    ]);
    expect(judgeMutants([mutant], [open], [open])).toEqual([
      "an open port: CKV_AWS_260 finds something without it too",
    ]);
    expect(judgeMutants([], [], [])).toHaveLength(1);
  });
});

describe("the report of checkov", () => {
  const stacks = {
    "berth-node-node": {
      resource: {
        aws_instance: {
          machine_ADD4183A: { "//": { metadata: { path: "berth-node-node/machine" } } },
        },
      },
    },
  };
  const report = (change: object) =>
    JSON.stringify({
      summary: { passed: 7, parsing_errors: 0 },
      results: {
        failed_checks: [
          {
            check_id: "CKV_AWS_126",
            file_path: "/berth-node-node/cdk.tf.json",
            resource: "resource.machine_ADD4183A",
            check_name: "monitoring",
          },
        ],
        parsing_errors: [],
      },
      ...change,
    });

  it("is read with the constructs' paths", () => {
    expect(understand(report({}), stacks)).toEqual({
      passed: 7,
      findings: [{ check: "CKV_AWS_126", place: "berth-node-node/machine", title: "monitoring" }],
    });
  });

  it("fails where checkov checked nothing", () => {
    expect(() => understand(JSON.stringify({ passed: 0 }), stacks)).toThrow("checked nothing");
  });

  it("fails where a stack could not be read", () => {
    const results = { failed_checks: [], parsing_errors: ["/berth-node-node/cdk.tf.json"] };
    const summary = { passed: 7, parsing_errors: 1 };
    expect(() => understand(report({ results, summary }), stacks)).toThrow(
      "cannot read /berth-node-node/cdk.tf.json",
    );
  });
});
