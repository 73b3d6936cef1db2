import { parseEnvironment } from "@berth/contract";
import { node } from "./support/fixtures";
import { decide } from "./support/policy";
import { account } from "./support/resolve-references";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const stacks = synthesize();

describe("the lock table", () => {
  it("is paid by use, can be brought back to any minute, and can't be destroyed by a plan or by hand", () => {
    expect(theResource(stackOf(stacks, "berth-node-state"), "aws_dynamodb_table")).toMatchObject({
      name: "berth-node-state-lock",
      hash_key: "LockID",
      billing_mode: "PAY_PER_REQUEST",
      point_in_time_recovery: { enabled: true },
      deletion_protection_enabled: true,
      lifecycle: { prevent_destroy: true },
    });
  });
});

describe("the record of connections", () => {
  const id = "berth-node-network";
  const stack = stackOf(stacks, id);

  it("holds all of the VPC's, taken or refused, for as long as the contract says", () => {
    expect(theResource(stack, "aws_flow_log")).toMatchObject({
      traffic_type: "ALL",
      log_destination_type: "cloud-watch-logs",
      vpc_id: expect.stringMatching(/aws_vpc\./) as string,
    });
    expect(theResource(stack, "aws_cloudwatch_log_group")).toMatchObject({
      name: "/berth/node/flow-logs",
      retention_in_days: node.flowLogDays,
    });
    const shorter = synthesize({ environments: [parseEnvironment({ ...node, flowLogDays: 30 })] });
    expect(theResource(stackOf(shorter, id), "aws_cloudwatch_log_group")["retention_in_days"]).toBe(
      30,
    );
  });

  it("is written by a role that writes this log and nothing else, for this account only", () => {
    const [permission, ...others] = statementsOf(
      stacks,
      id,
      theResource(stack, "aws_iam_role_policy")["policy"],
    );
    expect(others).toEqual([]);
    expect(permission?.actions).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "logs:DescribeLogStreams",
    ]);
    expect(permission?.resources).toEqual([
      `arn:aws:logs:eu-central-1:${account}:log-group:/berth/node/flow-logs:*`,
    ]);
    const take = (source: string) =>
      decide(statementsOf(stacks, id, theResource(stack, "aws_iam_role")["assume_role_policy"]), {
        action: "sts:AssumeRole",
        principal: "Service:vpc-flow-logs.amazonaws.com",
        context: { "aws:SourceAccount": source },
      });
    expect(take(account)).toBe("allowed");
    expect(take("210987654321")).toBe("refused");
  });
});

describe("snapshots of the data volume", () => {
  const id = "berth-node-backup";
  const scheduled = (values: object = {}) => {
    const changed = synthesize({ environments: [parseEnvironment({ ...node, ...values })] });
    const stack = stackOf(changed, id);
    const details = theResource(stack, "aws_dlm_lifecycle_policy")["policy_details"] as Block;
    const [schedule] = details["schedule"] as Block[];
    const permissions = statementsOf(
      changed,
      id,
      theResource(stack, "aws_iam_role_policy")["policy"],
    );
    return { changed, details, schedule, permissions };
  };
  const volume = `arn:aws:ec2:eu-central-1:${account}:volume/vol-1`;
  const tag = { "aws:ResourceTag/snapshots": "berth-node-snapshots" };

  it("are taken of the volume in storage, which carries the tag that the schedule looks for", () => {
    const { changed, details } = scheduled();
    const data = theResource(stackOf(changed, "berth-node-storage"), "aws_ebs_volume");
    expect(data["tags"]).toMatchObject(details["target_tags"] as object);
    expect(details["resource_types"]).toEqual(["VOLUME"]);
  });

  it("are taken as often, and as many kept, as the contract says", () => {
    const { schedule } = scheduled({ snapshots: { everyHours: 12, keep: 10 } });
    expect(schedule).toMatchObject({
      create_rule: { interval: 12, interval_unit: "HOURS" },
      retain_rule: { count: 10 },
      copy_tags: true,
    });
    expect(schedule).not.toHaveProperty("cross_region_copy_rule");
  });

  it("are copied, encrypted and kept for as long, to the region of replication", () => {
    const { schedule } = scheduled({
      replication: { region: "eu-west-1" },
      snapshots: { everyHours: 6, keep: 10 },
    });
    expect(schedule?.["cross_region_copy_rule"]).toEqual([
      {
        target: "eu-west-1",
        encrypted: true,
        copy_tags: true,
        retain_rule: { interval: 3, interval_unit: "DAYS" },
      },
    ]);
  });

  it("are taken by a role that reads tagged volumes, and deletes only snapshots of them", () => {
    const { permissions } = scheduled();
    const call = (action: string, resource: string, context = {}) =>
      decide(permissions, { action, resource, context });
    const snapshot = "arn:aws:ec2:eu-central-1::snapshot/snap-1";
    expect(call("ec2:CreateSnapshot", volume, tag)).toBe("allowed");
    expect(call("ec2:CreateSnapshot", volume)).toBe("refused");
    expect(call("ec2:DeleteSnapshot", snapshot, tag)).toBe("allowed");
    expect(call("ec2:DeleteSnapshot", snapshot)).toBe("refused");
    expect(call("ec2:CopySnapshot", "arn:aws:ec2:eu-west-1::snapshot/*")).toBe("refused");
    expect(call("ec2:CreateTags", snapshot, { "ec2:CreateAction": "CreateSnapshot" })).toBe(
      "allowed",
    );
    expect(call("ec2:CreateTags", snapshot)).toBe("refused");
    expect(call("ec2:DeleteVolume", volume, tag)).toBe("refused");
  });

  it("may be copied to the other region only where there is one", () => {
    const { permissions } = scheduled({ replication: { region: "eu-west-1" } });
    const copy = (region: string) =>
      decide(permissions, {
        action: "ec2:CopySnapshot",
        resource: `arn:aws:ec2:${region}::snapshot/*`,
      });
    expect(copy("eu-west-1")).toBe("allowed");
    expect(copy("us-east-1")).toBe("refused");
  });

  it("are not taken on EKS, which has no such volume", () => {
    expect(Object.keys(stacks)).not.toContain("berth-eks-backup");
    expect(resources(stackOf(stacks, "berth-eks-storage"), "aws_ebs_volume")).toEqual([]);
  });
});
