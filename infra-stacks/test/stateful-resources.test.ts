import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnvironment } from "@berth/contract";
import { eks, node } from "./support/fixtures";
import { statefulAddresses, statefulFaults } from "./support/stateful-resources";
import { stackOf, synthesize } from "./support/synthesize";

const record = "docs/decisions/0013-what-must-not-be-replaced.md";

// With every option that makes something stateful.
const everything = { replication: { region: "eu-west-1" }, natGateways: "per-zone" };
const stacks = synthesize({
  environments: [node, eks].map((one) => parseEnvironment({ ...one, ...everything })),
});
const found = Object.keys(stacks).flatMap((id) =>
  statefulAddresses(stackOf(stacks, id)).map((address) => `${id} ${address}`),
);

describe("resources that hold something", () => {
  it(`have the addresses that ${record} lists`, () => {
    const text = readFileSync(join(__dirname, "../..", record), "utf8");
    const [, list = ""] = /```text\n([^`]*)```/.exec(text) ?? [];
    const faults = statefulFaults(list.trim().split("\n"), found);
    expect({ faults, remedy: faults.length > 0 ? `see ${record}` : "none needed" }).toEqual({
      faults: [],
      remedy: "none needed",
    });
  });

  it("fails for a construct that was renamed, with both addresses", () => {
    const renamed = found.map((one) => one.replace("aws_ebs_volume.data_", "aws_ebs_volume.disk_"));
    const [volume = ""] = found.filter((one) => one.includes("aws_ebs_volume"));
    expect(statefulFaults(found, renamed)).toEqual([
      `${volume} is gone: Terraform would destroy what stands there, and its data`,
      `${volume.replace("data_", "disk_")} is not listed: Terraform would make it, empty`,
    ]);
  });

  it.each(["aws_s3_bucket", "aws_dynamodb_table", "aws_ebs_volume", "aws_eip"])(
    "are found among %s",
    (type) => {
      expect(found.filter((one) => one.includes(` ${type}.`)).length).toBeGreaterThan(0);
    },
  );

  it("are also what a stack forbids to destroy, whatever its type", () => {
    const terraform = { backend: {} };
    const block = (lifecycle?: object) => ({
      resource: { aws_instance: { a: { lifecycle } } },
      terraform,
    });
    expect(statefulAddresses(block({ prevent_destroy: true }))).toEqual(["aws_instance.a"]);
    expect(statefulAddresses(block())).toEqual([]);
  });

  it("keep their addresses whatever the environment is called", () => {
    const other = synthesize({ environments: [parseEnvironment({ ...node, name: "live" })] });
    expect(statefulAddresses(stackOf(other, "berth-live-storage"))).toEqual(
      statefulAddresses(stackOf(synthesize({ environments: [node] }), "berth-node-storage")),
    );
  });
});
