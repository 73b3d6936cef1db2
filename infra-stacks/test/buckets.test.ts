import { decide } from "./support/policy";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const stacks = synthesize();
const oldVersionDays = { state: 90, models: 30, backups: 30 };
const buckets = ["node", "eks"].flatMap((environment) => [
  { id: `berth-${environment}-state`, part: "state" as const },
  { id: `berth-${environment}-storage`, part: "models" as const },
  { id: `berth-${environment}-storage`, part: "backups" as const },
]);

describe.each(buckets)("the bucket of $part in $id", ({ id, part }) => {
  const stack = stackOf(stacks, id);
  const name = `berth-example-${id.split("-")[1]}-${part}`;
  const idOf = (type: string) => {
    const [found, ...others] = Object.keys(stack.resource?.[type] ?? {}).filter((one) =>
      one.startsWith(`${part}_`),
    );
    if (!found || others.length > 0) throw new Error(`not one ${type} of ${part} in ${id}`);
    return found;
  };
  const theResource = (type: string) => stack.resource?.[type]?.[idOf(type)] as Block;

  it("has the contract's name, and is not deleted with what it holds", () => {
    expect(theResource("aws_s3_bucket")).toMatchObject({
      bucket: name,
      force_destroy: false,
    });
  });

  it("is private: no public access of any kind, and no access-control lists", () => {
    expect(theResource("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(theResource("aws_s3_bucket_ownership_controls")["rule"]).toEqual({
      object_ownership: "BucketOwnerEnforced",
    });
  });

  it("is versioned and encrypted", () => {
    expect(theResource("aws_s3_bucket_versioning")["versioning_configuration"]).toEqual({
      status: "Enabled",
    });
    expect(theResource("aws_s3_bucket_server_side_encryption_configuration")["rule"]).toEqual([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
  });

  it("drops uploads that never ended, and old versions after a while", () => {
    const rules = theResource("aws_s3_bucket_lifecycle_configuration")["rule"] as Block[];
    expect(rules).toContainEqual(
      expect.objectContaining({
        status: "Enabled",
        abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
      }),
    );
    expect(rules).toContainEqual(
      expect.objectContaining({
        status: "Enabled",
        noncurrent_version_expiration: [{ noncurrent_days: oldVersionDays[part] }],
      }),
    );
  });

  it("denies everyone everything without TLS, on itself and its objects, and denies nothing with TLS", () => {
    const statements = statementsOf(stacks, id, theResource("aws_s3_bucket_policy")["policy"]);
    const calls = [
      { action: "s3:ListBucket", resource: `arn:aws:s3:::${name}` },
      { action: "s3:GetObject", resource: `arn:aws:s3:::${name}/models/a` },
      { action: "s3:PutObject", resource: `arn:aws:s3:::${name}/models/a` },
    ];
    for (const call of calls) {
      const decision = (tls: string) =>
        decide(statements, { ...call, context: { "aws:SecureTransport": tls } });
      expect(decision("false")).toBe("denied");
      expect(decision("true")).toBe("refused");
    }
  });

  it(
    part === "state" ? "can't be destroyed by a plan" : "can be destroyed once it is empty",
    () => {
      expect(theResource("aws_s3_bucket")["lifecycle"]).toEqual(
        part === "state" ? { prevent_destroy: true } : undefined,
      );
    },
  );
});
