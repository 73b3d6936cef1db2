import { backupsPrefix, parseEnvironment } from "@berth/contract";
import { oldBackupDays } from "../stacks/storage-stack";
import { node } from "./support/fixtures";
import { decide } from "./support/policy";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const id = "berth-node-storage";
const withBackups = { ...node, backups: { bucket: "example-backups", days: 14 } };
const replicated = synthesize({
  environments: [parseEnvironment({ ...withBackups, replication: { region: "eu-west-1" } })],
});

describe("the backup bucket", () => {
  const stack = stackOf(synthesize({ environments: [parseEnvironment(withBackups)] }), id);

  it("is there where backups are on, and is not where they are off", () => {
    const names = (storage: typeof stack) =>
      resources(storage, "aws_s3_bucket").map((bucket) => bucket["bucket"]);
    expect(names(stack)).toContain("example-backups");
    const off = stackOf(
      synthesize({ environments: [parseEnvironment({ ...node, backups: undefined })] }),
      id,
    );
    expect(names(off)).toEqual([node.modelBucket]);
  });

  it("drops backups after the contract's days, and nothing outside their prefix", () => {
    const expirations = resources(stack, "aws_s3_bucket_lifecycle_configuration")
      .flatMap((one) => one["rule"] as Block[])
      .filter((rule) => rule["expiration"]);
    expect(expirations).toEqual([
      {
        id: "expiry",
        status: "Enabled",
        filter: [{ prefix: `${backupsPrefix}/` }],
        expiration: [{ days: 14 }],
      },
    ]);
    expect(oldBackupDays).toBeGreaterThan(0);
  });
});

describe("replication", () => {
  const stack = stackOf(replicated, id);

  it("is off unless a region is named: one provider, no copies", () => {
    const off = stackOf(synthesize(), id);
    expect(off.provider?.["aws"]).toHaveLength(1);
    expect(resources(off, "aws_s3_bucket_replication_configuration")).toEqual([]);
  });

  it("has a provider of the other region, with the same tags", () => {
    const [own, other] = stack.provider?.["aws"] ?? [];
    expect(other).toEqual({ ...own, region: "eu-west-1", alias: "replica" });
  });

  it("makes each copy, with all of its settings, in the other region", () => {
    const copies = Object.entries(stack.resource ?? {}).flatMap(([type, blocks]) =>
      Object.entries(blocks)
        .filter(([name]) => /^(models|backups)-replica_/.test(name))
        .map(([, block]) => ({ type, block })),
    );
    const own = Object.keys(stack.resource?.["aws_s3_bucket_versioning"] ?? {});
    expect(own).toHaveLength(4);
    expect(copies).toHaveLength(2 * 7);
    for (const { block } of copies) expect(block["provider"]).toBe("aws.replica");
    expect(resources(stack, "aws_s3_bucket").map((bucket) => bucket["bucket"])).toEqual(
      expect.arrayContaining([`${node.modelBucket}-replica`, "example-backups-replica"]),
    );
  });

  it("copies each bucket to its copy, and no deletion", () => {
    const rules = Object.entries(
      stack.resource?.["aws_s3_bucket_replication_configuration"] ?? {},
    ).map(([name, one]) => ({ name, ...one }) as Block);
    expect(rules).toHaveLength(2);
    for (const one of rules) {
      const [, bucket] = /aws_s3_bucket\.(\w+)_bucket/.exec(String(one["bucket"])) ?? [];
      const [rule] = one["rule"] as Block[];
      expect((rule?.["destination"] as Block)["bucket"]).toContain(`${bucket}-replica_bucket`);
      expect(rule?.["delete_marker_replication"]).toEqual({ status: "Disabled" });
      expect(one["depends_on"]).toHaveLength(2);
    }
  });

  it("lets its role read the originals and write the copies, and nothing else", () => {
    const role = theResource(stack, "aws_iam_role_policy");
    const permissions = statementsOf(replicated, id, role["policy"]);
    const own = `arn:aws:s3:::${node.modelBucket}`;
    const call = (action: string, resource: string) => decide(permissions, { action, resource });
    expect(call("s3:GetObjectVersionForReplication", `${own}/models/a`)).toBe("allowed");
    expect(call("s3:ReplicateObject", `${own}-replica/models/a`)).toBe("allowed");
    expect(call("s3:ReplicateObject", `${own}/models/a`)).toBe("refused");
    expect(call("s3:ReplicateDelete", `${own}-replica/models/a`)).toBe("refused");
    expect(call("s3:GetObjectVersionForReplication", "arn:aws:s3:::other/models/a")).toBe(
      "refused",
    );
    expect(call("s3:PutObject", `${own}-replica/models/a`)).toBe("refused");
  });

  it("lets S3 take its role in this account's name only", () => {
    const trust = statementsOf(
      replicated,
      id,
      theResource(stack, "aws_iam_role")["assume_role_policy"],
    );
    const take = (account: string) =>
      decide(trust, {
        action: "sts:AssumeRole",
        principal: "Service:s3.amazonaws.com",
        context: { "aws:SourceAccount": account },
      });
    expect(take("123456789012")).toBe("allowed");
    expect(take("210987654321")).toBe("refused");
  });
});

describe("the data volume", () => {
  const volume = theResource(stackOf(synthesize(), id), "aws_ebs_volume");

  it("is encrypted, in the machine's zone, of the contract's size, and tagged for snapshots", () => {
    expect(volume).toMatchObject({
      availability_zone: "eu-central-1a",
      encrypted: true,
      size: node.dataVolumeGiB,
      type: "gp3",
      tags: { snapshots: "berth-node-snapshots" },
    });
  });

  it("follows the machine's zone", () => {
    const moved = synthesize({
      environments: [parseEnvironment({ ...node, availabilityZone: "eu-central-1b" })],
    });
    expect(theResource(stackOf(moved, id), "aws_ebs_volume")["availability_zone"]).toBe(
      "eu-central-1b",
    );
    expect(theResource(stackOf(moved, "berth-node-node"), "aws_instance")["subnet_id"]).toContain(
      "public-eu-central-1b",
    );
  });

  it("can't be destroyed by a plan, and leaves a snapshot if it is all the same", () => {
    expect(volume).toMatchObject({ final_snapshot: true, lifecycle: { prevent_destroy: true } });
  });

  it("is not on EKS, where volumes are made by claims", () => {
    expect(resources(stackOf(synthesize(), "berth-eks-storage"), "aws_ebs_volume")).toEqual([]);
  });
});
