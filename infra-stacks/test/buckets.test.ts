import { decide } from "./support/policy";
import type { Statement } from "./support/policy";
import { resolveReferences } from "./support/resolve-references";
import { theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { stackOf, synthesize } from "./support/synthesize";

const stacks = synthesize();
const buckets = [
  ["berth-node-state", "berth-example-node-state"],
  ["berth-node-storage", "berth-example-node-models"],
  ["berth-eks-state", "berth-example-eks-state"],
  ["berth-eks-storage", "berth-example-eks-models"],
] as const;

describe.each(buckets)("the bucket of %s", (id, name) => {
  const stack = stackOf(stacks, id);

  it("has the contract's name, and is not deleted with what it holds", () => {
    expect(theResource(stack, "aws_s3_bucket")).toMatchObject({
      bucket: name,
      force_destroy: false,
    });
  });

  it("is private: no public access of any kind, and no access-control lists", () => {
    expect(theResource(stack, "aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(theResource(stack, "aws_s3_bucket_ownership_controls")["rule"]).toEqual({
      object_ownership: "BucketOwnerEnforced",
    });
  });

  it("is versioned and encrypted", () => {
    expect(theResource(stack, "aws_s3_bucket_versioning")["versioning_configuration"]).toEqual({
      status: "Enabled",
    });
    expect(
      theResource(stack, "aws_s3_bucket_server_side_encryption_configuration")["rule"],
    ).toEqual([{ apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } }]);
  });

  it("drops uploads that never ended, and old versions after a while", () => {
    const rules = theResource(stack, "aws_s3_bucket_lifecycle_configuration")["rule"] as Block[];
    expect(rules).toContainEqual(
      expect.objectContaining({
        status: "Enabled",
        abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
      }),
    );
    expect(rules).toContainEqual(
      expect.objectContaining({
        status: "Enabled",
        noncurrent_version_expiration: [{ noncurrent_days: id.endsWith("state") ? 90 : 30 }],
      }),
    );
  });

  it("denies everyone everything without TLS, on itself and its objects, and denies nothing with TLS", () => {
    const [document, ...others] = Object.entries(stack.data?.["aws_iam_policy_document"] ?? {});
    expect(others).toEqual([]);
    const [documentName, body] = document!;
    expect(theResource(stack, "aws_s3_bucket_policy")["policy"]).toBe(
      `\${data.aws_iam_policy_document.${documentName}.json}`,
    );

    const statements = (body["statement"] as Statement[]).map((statement) => ({
      ...statement,
      resources: statement.resources?.map((resource) => resolveReferences(stacks, id, resource)),
    }));
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
    id.endsWith("state") ? "can't be destroyed by a plan" : "can be destroyed once it is empty",
    () => {
      expect(theResource(stack, "aws_s3_bucket")["lifecycle"]).toEqual(
        id.endsWith("state") ? { prevent_destroy: true } : undefined,
      );
    },
  );
});
