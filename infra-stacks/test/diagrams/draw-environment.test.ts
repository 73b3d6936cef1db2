import { diagramPage } from "../../diagrams/diagram-page";
import { drawEnvironment } from "../../diagrams/draw-environment";
import { synthesizeEnvironment } from "../../operations/synthesize-environment";
import type { StackJson, SynthesizedEnvironment } from "../../operations/synthesized-environment";
import { everyOption } from "../support/every-option";
import { node } from "../support/fixtures";

const at = (path: string, rest: object = {}) => ({ "//": { metadata: { path } }, ...rest });
const region = { aws: [{ region: "eu-central-1" }, { region: "eu-west-1", alias: "replica" }] };

/** A storage stack with two buckets, one of them elsewhere, and a role that reads the first. */
function example(identity: Partial<StackJson> = {}): SynthesizedEnvironment {
  const storage: StackJson = {
    provider: region,
    resource: {
      aws_s3_bucket: { a: at("storage/a"), b: at("storage/b", { provider: "aws.replica" }) },
      aws_s3_bucket_policy: { a: at("storage/a-policy") },
    },
    output: { "arn-of-a": { value: "${aws_s3_bucket.a.arn}" } },
  };
  const reader: StackJson = {
    provider: region,
    data: {
      aws_iam_policy_document: {
        p: at("identity/node/permissions", {
          resources: [
            "${data.terraform_remote_state.cross-stack-reference-input-storage.outputs.arn-of-a}/*",
          ],
        }),
      },
    },
    resource: {
      aws_iam_instance_profile: { p: at("identity/node/profile") },
      aws_iam_role: { r: at("identity/node/role"), other: at("identity/other/role") },
      aws_iam_role_policy: { p: at("identity/node/policy") },
    },
    ...identity,
  };
  const stack = (id: string, json: StackJson) => ({ id, folder: "/nowhere", json });
  return {
    environment: node,
    state: stack("state", { provider: region }),
    layers: [stack("storage", storage), stack("identity", reader)],
  };
}

describe("the diagram of an environment", () => {
  it("has a group for each stack, a box for each kind, and an arrow for each value that crosses stacks", () => {
    expect(drawEnvironment(example()).split("\n")).toEqual([
      "flowchart LR",
      '  subgraph state["state"]',
      "  end",
      '  subgraph storage["storage"]',
      '    storage_aws_s3_bucket["s3 bucket × 2, also in eu-west-1"]',
      "  end",
      '  subgraph identity["identity"]',
      '    identity_aws_iam_instance_profile["iam instance profile"]',
      '    identity_aws_iam_role["iam role × 2"]',
      "  end",
      "  storage_aws_s3_bucket -->|arn| identity_aws_iam_role",
    ]);
  });

  it("fails on a value that no resource of another stack has", () => {
    const reference =
      "${data.terraform_remote_state.cross-stack-reference-input-storage.outputs.gone}";
    const resource = { aws_iam_role: { r: at("identity/role", { name: reference }) } };
    expect(() => drawEnvironment(example({ data: {}, resource }))).toThrow(
      /^identity reads .*outputs\.gone, which no resource of another stack has$/,
    );
  });

  it.each(everyOption.filter((one) => one.kind !== "local"))(
    "draws every stack of $name, and the same each time",
    (environment) => {
      const synthesized = synthesizeEnvironment(environment);
      const page = diagramPage(synthesized);
      for (const { id } of [synthesized.state, ...synthesized.layers])
        expect(page).toContain(`["${id}"]`);
      expect(page).toContain(" -->|");
      expect(diagramPage(synthesizeEnvironment(environment))).toBe(page);
    },
  );

  it("draws two boxes of one kind nowhere: every id is that of one box", () => {
    for (const environment of everyOption.filter((one) => one.kind !== "local")) {
      const boxes = drawEnvironment(synthesizeEnvironment(environment)).match(/^ +\w+(?=\[)/gm);
      expect(new Set(boxes).size).toBe(boxes?.length);
    }
  });
});
