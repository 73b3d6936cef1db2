import { existsSync } from "node:fs";
import { join } from "node:path";
import { destroy } from "../../operations/destroy";
import type { DestroyOptions } from "../../operations/destroy";
import { leakLimitMs } from "../../operations/leftovers";
import { node } from "../support/fixtures";
import { Operation } from "./support/operation";
import type { OperationOptions } from "./support/operation";

// Every call of terraform is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const { stateBucket, modelBucket, region } = node;

let operation: Operation;
afterEach(() => operation.stop());

/** The resources of a type in one stack, as addresses in its state. */
function addressesOf(stack: string, type: string): string[] {
  const { state, layers } = operation.synthesized;
  const { json } = [state, ...layers].find(({ id }) => id === stack) ?? state;
  return Object.keys(json.resource?.[type] ?? {}).map((id) => `${type}.${id}`);
}

/** A deployed environment whose buckets hold nothing but states. */
async function start(options: Partial<OperationOptions> = {}): Promise<Operation> {
  operation = new Operation();
  await operation.start({ environment: node, ...options });
  const { state, layers } = operation.synthesized;
  for (const { id, json } of [state, ...layers]) {
    const addresses = Object.entries(json.resource ?? {}).flatMap(([type, blocks]) =>
      Object.keys(blocks).map((name) => `${type}.${name}`),
    );
    operation.terraform.putState(id, addresses);
    for (const { bucket } of Object.values(json.resource?.["aws_s3_bucket"] ?? {}))
      operation.aws.contents.buckets[String(bucket)] = [];
  }
  operation.aws.contents.buckets[stateBucket] = ["a@1", "a@2", "b@marker"];
  return operation;
}

function run(options: Partial<DestroyOptions> = {}): Promise<void> {
  const { world, synthesized } = operation;
  return destroy(world, synthesized, { yes: true, deleteData: volumes(), ...options });
}

/** The names of the environment's volumes: they hold data whatever is in them. */
function volumes(): string[] {
  return operation.synthesized.layers.flatMap(({ json }) =>
    Object.values(json.resource?.["aws_ebs_volume"] ?? {}).map(
      ({ tags }) => (tags as { Name: string }).Name,
    ),
  );
}

describe("destroy", () => {
  it("destroys each stack before those that it reads from, and leaves the state bucket", async () => {
    await start();
    await run();
    const expected = operation.synthesized.layers.toReversed().map(({ id }) => `apply ${id}`);
    expect(operation.terraform.commands("apply")).toEqual(expected);
    expect(expected.indexOf("apply berth-node-node")).toBeLessThan(
      expected.indexOf("apply berth-node-network"),
    );
    expect(operation.terraform.calls().filter(({ line }) => line.startsWith("plan"))).toEqual(
      expected.map(() =>
        expect.objectContaining({ line: expect.stringContaining("-destroy") as string }),
      ),
    );
    expect(operation.aws.contents.buckets[stateBucket]).toHaveLength(3);
    expect(operation.log).toContain("Nothing else of node is left.");
  });

  it("passes over stacks that do not stand", async () => {
    await start();
    operation.terraform.putState("berth-node-node", []);
    await run({});
    expect(operation.terraform.commands("apply")).not.toContain("apply berth-node-node");
    expect(operation.terraform.commands("apply")).toContain("apply berth-node-network");
  });

  it("asks once, with everything that goes", async () => {
    await start({ answer: "yes" });
    await run({ yes: false });
    expect(operation.questions).toHaveLength(1);
    expect(operation.questions[0]).toContain("berth-node-node, ");
    expect(operation.questions[0]).toContain("berth-node-network");
  });

  it("only looks for what is left where the state bucket is gone", async () => {
    await start();
    delete operation.aws.contents.buckets[stateBucket];
    await run({ deleteData: [] });
    expect(operation.terraform.commands("init", "plan", "apply")).toEqual([]);
    expect(operation.aws.tagQueries.length).toBeGreaterThan(0);
  });

  it("fails at the first stack that fails, and leaves those that it reads from", async () => {
    await start({
      terraform: { failing: { "apply berth-node-node": "Error: DependencyViolation" } },
    });
    await expect(run()).rejects.toThrow("berth-node-node failed; the stacks that it reads from");
    expect(operation.terraform.commands("apply")).not.toContain("apply berth-node-network");
  });

  it("fails unless somebody approves", async () => {
    await start({ answer: "y" });
    await expect(run({ yes: false })).rejects.toThrow("Not approved");
    expect(operation.terraform.commands("plan", "apply")).toEqual([]);
  });
});

describe("data", () => {
  it("is not deleted unless it is named, and nothing else is destroyed either", async () => {
    await start();
    operation.aws.contents.buckets[modelBucket] = ["models/a@1"];
    await expect(run()).rejects.toThrow(
      new RegExp(
        `^node holds data that would be lost, and nothing was touched:\\n  ${modelBucket}  \\(aws_s3_bucket\\..*--delete-data ${modelBucket}`,
        "s",
      ),
    );
    expect(operation.terraform.commands("plan", "apply")).toEqual([]);
    expect(operation.aws.contents.buckets[modelBucket]).toHaveLength(1);
  });

  it("is deleted with every version and marker once it is named", async () => {
    await start();
    operation.aws.contents.buckets[modelBucket] = ["a@1", "a@2", "b@1", "b@marker", "c@1"];
    await run({ deleteData: [...volumes(), modelBucket] });
    expect(operation.aws.contents.buckets[modelBucket]).toEqual([]);
    expect(operation.log).toContain(`deleted 5 versions of objects in ${modelBucket}`);
    expect(operation.terraform.commands("apply")).toContain("apply berth-node-storage");
  });

  it("is protected by Terraform too, which only the plan that was named is let through", async () => {
    await start();
    await run();
    const lifted = { lifecycle: { prevent_destroy: false } };
    const plans = operation.terraform.calls().filter(({ command }) => command === "plan");
    const storage = plans.find(({ stack }) => stack === "berth-node-storage");
    const [address = ""] = addressesOf("berth-node-storage", "aws_s3_bucket");
    expect(storage?.overrides["unprotected_override.tf.json"]).toMatchObject({
      resource: { aws_s3_bucket: { [address.split(".")[1] ?? ""]: lifted } },
    });
    for (const { folder } of operation.synthesized.layers)
      expect(existsSync(join(folder, "unprotected_override.tf.json"))).toBe(false);
  });

  it("fails on a name that nothing has, with those that something has", async () => {
    await start();
    await expect(run({ deleteData: [...volumes(), "berth-exampel"] })).rejects.toThrow(
      /^--delete-data berth-exampel names nothing that holds data\. Such are: .*berth-example-node-state/,
    );
    expect(operation.terraform.commands("plan", "apply")).toEqual([]);
  });

  it("takes the state bucket last when it is named, with its own state in a file", async () => {
    await start();
    await run({ deleteData: [...volumes(), stateBucket] });
    expect(operation.terraform.commands("apply").at(-1)).toBe("apply berth-node-state");
    expect(operation.aws.contents.buckets[stateBucket]).toEqual([]);
    const calls = operation.terraform.calls().filter(({ stack }) => stack === "berth-node-state");
    expect(calls.map(({ line }) => line)).toEqual([
      "init -input=false -reconfigure",
      "init -input=false -migrate-state -force-copy",
      "state list",
      // AWS deletes no table that is protected, so its protection is lifted first.
      expect.stringMatching(/^plan (?!.*-destroy)/),
      expect.stringMatching(/^show/),
      expect.stringMatching(/^apply/),
      expect.stringMatching(/^plan .* -destroy$/),
      expect.stringMatching(/^show/),
      expect.stringMatching(/^apply/),
    ]);
    const [table = ""] = addressesOf("berth-node-state", "aws_dynamodb_table");
    for (const { overrides } of calls.filter(({ command }) => command === "plan"))
      expect(overrides).toHaveProperty(
        [
          "unprotected_override.tf.json",
          "resource",
          ...table.split("."),
          "deletion_protection_enabled",
        ],
        false,
      );
    for (const { overrides } of calls.slice(1))
      expect(overrides).toHaveProperty(["local_state_override.tf.json"]);
    expect(existsSync(join(operation.folder, "terraform.berth-node-state.tfstate"))).toBe(false);
  });
});

describe("the leak check", () => {
  const arn = (rest: string) => `arn:aws:ec2:${region}:123456789012:${rest}`;

  it("asks for the environment's tags in each of its regions, and where global resources are listed", async () => {
    await start();
    await run();
    const tags = { project: "berth", environment: "node" };
    expect(operation.aws.tagQueries).toEqual(
      expect.arrayContaining([
        { region, tags },
        { region: "us-east-1", tags },
      ]),
    );
  });

  it("fails on what is left, page after page, once AWS had time to forget it", async () => {
    await start();
    const left = [arn("vpc/vpc-1"), arn("volume/vol-1"), arn("elastic-ip/eipalloc-1")];
    operation.aws.contents.tagged[region] = left;
    await expect(run()).rejects.toThrow(
      /^3 left with the tags of node\. They may cost money.*elastic-ip\/eipalloc-1\n.*volume\/vol-1\n.*vpc\/vpc-1$/s,
    );
    expect(operation.nowMs).toBe(leakLimitMs);
  });

  it("waits for what AWS still lists although it was deleted", async () => {
    await start();
    operation.aws.contents.tagged[region] = [arn("vpc/vpc-1")];
    const { sleep } = operation.world.clock;
    operation.world = {
      ...operation.world,
      clock: {
        ...operation.world.clock,
        sleep: async (milliseconds) => {
          await sleep(milliseconds);
          operation.aws.contents.tagged[region] = [];
        },
      },
    };
    await run();
    expect(operation.log).toContain("Nothing else of node is left.");
  });

  it("passes over machines and gateways that were terminated, and keys that wait for deletion", async () => {
    await start();
    operation.aws.contents.tagged[region] = [
      arn("instance/i-1"),
      arn("natgateway/nat-1"),
      `arn:aws:kms:${region}:123456789012:key/k-1`,
    ];
    operation.aws.contents.gone = ["i-1", "nat-1", "k-1"];
    await run();
    expect(operation.log).toContain("Nothing else of node is left.");
  });

  it("fails on a machine, a gateway and a key that stand", async () => {
    await start();
    operation.aws.contents.tagged[region] = [
      arn("instance/i-1"),
      arn("natgateway/nat-1"),
      `arn:aws:kms:${region}:123456789012:key/k-1`,
    ];
    await expect(run()).rejects.toThrow("3 left with the tags of node");
  });

  it("names what stays on purpose: the state bucket and snapshots", async () => {
    await start();
    operation.aws.contents.tagged[region] = [
      `arn:aws:s3:::${stateBucket}`,
      `arn:aws:ec2:${region}::snapshot/snap-1`,
    ];
    await run();
    expect(operation.log).toContain(`kept: arn:aws:s3:::${stateBucket}`);
    expect(operation.log).toContain(
      "snapshot/snap-1 (data: delete it with aws ec2 delete-snapshot)",
    );
  });
});
