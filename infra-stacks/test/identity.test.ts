import {
  backupsPrefix,
  componentName,
  manifestFile,
  modelFiles,
  modelKey,
  modelPrefix,
  modelsPrefix,
  parseEnvironment,
} from "@berth/contract";
import type { AwsNamePart } from "@berth/contract";
import { model, node } from "./support/fixtures";
import { decide } from "./support/policy";
import type { Call, Statement } from "./support/policy";
import { resources } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

/** The backup bucket beside a model bucket. */
const backups = (modelBucket: string) => modelBucket.replace(/models$/, "backups");

const stacks = synthesize();
const identities = [
  { id: "berth-node-identity", part: "node", bucket: "arn:aws:s3:::berth-example-node-models" },
  { id: "berth-eks-identity", part: "service", bucket: "arn:aws:s3:::berth-example-eks-models" },
] as const;

/** The role of a stack that is named after a part. */
function roleOf(id: string, part: AwsNamePart): Block {
  const name = id.replace(/identity$/, part);
  const found = resources(stackOf(stacks, id), "aws_iam_role").find(
    (role) => role["name"] === name,
  );
  if (!found) throw new Error(`no role ${name} in ${id}`);
  return found;
}

/** What the role named after a part may do. */
function permissionsOf(id: string, part: AwsNamePart): Statement[] {
  const { name } = roleOf(id, part);
  const policies = resources(stackOf(stacks, id), "aws_iam_role_policy").filter(
    (policy) => policy["name"] === name,
  );
  expect(policies).toHaveLength(1);
  return statementsOf(stacks, id, policies[0]?.["policy"]);
}

describe.each(identities)("the role of $id", ({ id, part, bucket }) => {
  const stack = stackOf(stacks, id);
  const permissions = permissionsOf(id, part);
  const list = (listed?: string): Call => ({
    action: "s3:ListBucket",
    resource: bucket,
    context: listed === undefined ? {} : { "s3:prefix": listed },
  });

  it.each([...modelFiles, manifestFile] as const)("may read the served model's %s", (file) => {
    const call = { action: "s3:GetObject", resource: `${bucket}/${modelKey(model, file)}` };
    expect(decide(permissions, call)).toBe("allowed");
  });

  it("may read and list every version under the models' prefix: a canary serves two", () => {
    const key = modelKey({ ...model, version: "9.9.9" }, "model.onnx");
    expect(decide(permissions, { action: "s3:GetObject", resource: `${bucket}/${key}` })).toBe(
      "allowed",
    );
    expect(decide(permissions, list(modelPrefix(model)))).toBe("allowed");
  });

  const weights = `${bucket}/${modelKey(model, "model.onnx")}`;
  const refused: readonly [string, Call][] = [
    [
      "read a prefix that begins alike",
      { action: "s3:GetObject", resource: `${bucket}/${modelsPrefix}2/a` },
    ],
    ["read outside models", { action: "s3:GetObject", resource: `${bucket}/backup/history.gz` }],
    [
      "read the same key of another bucket",
      {
        action: "s3:GetObject",
        resource: `arn:aws:s3:::other/${modelKey(model, "model.onnx")}`,
      },
    ],
    ["read an old version of an object", { action: "s3:GetObjectVersion", resource: weights }],
    ["write the model", { action: "s3:PutObject", resource: weights }],
    ["delete the model", { action: "s3:DeleteObject", resource: weights }],
    ["change the bucket's policy", { action: "s3:PutBucketPolicy", resource: bucket }],
    ["list the whole bucket", list()],
    ["list from the root", list("")],
    ["list another prefix", list("backups/")],
    [
      "read a backup",
      { action: "s3:GetObject", resource: `${backups(bucket)}/${backupsPrefix}/a` },
    ],
    [
      "delete a backup",
      { action: "s3:DeleteObject", resource: `${backups(bucket)}/${backupsPrefix}/a` },
    ],
    [
      "write beside the backups",
      { action: "s3:PutObject", resource: `${backups(bucket)}/other/a` },
    ],
    ["list all buckets", { action: "s3:ListAllMyBuckets", resource: "*" }],
    ["pass a role", { action: "iam:PassRole", resource: "arn:aws:iam::123456789012:role/admin" }],
    [
      "take another role",
      { action: "sts:AssumeRole", resource: "arn:aws:iam::123456789012:role/admin" },
    ],
    [
      "read parameters",
      {
        action: "ssm:GetParameter",
        resource: "arn:aws:ssm:eu-central-1:123456789012:parameter/secret",
      },
    ],
    [
      "read secrets",
      {
        action: "secretsmanager:GetSecretValue",
        resource: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a",
      },
    ],
    [
      "run commands on machines",
      { action: "ssm:SendCommand", resource: "arn:aws:ec2:eu-central-1:123456789012:instance/i-1" },
    ],
    ["start machines", { action: "ec2:RunInstances", resource: "*" }],
  ];
  it.each(refused)("may not %s", (_, call) => {
    expect(decide(permissions, call)).toBe("refused");
  });

  it("has one policy of its own, and no managed one: only the workflows' roles share policies", () => {
    const role = roleOf(id, part);
    for (const attachment of resources(stack, "aws_iam_role_policy_attachment")) {
      expect(attachment["role"]).toMatch(/^\$\{aws_iam_role\.github_(plan|deploy)_role_/);
      expect(attachment["policy_arn"]).toMatch(/^\$\{aws_iam_policy\./);
    }
    expect(role).not.toHaveProperty("managed_policy_arns");
    expect(role).not.toHaveProperty("inline_policy");
    expect(Object.keys(stack.resource ?? {}).sort()).toEqual(
      [
        ...(part === "node" ? ["aws_iam_instance_profile", "aws_iam_openid_connect_provider"] : []),
        "aws_iam_policy",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
      ].sort(),
    );
  });
});

describe("writing backups", () => {
  const write = (bucket: string): Call => ({
    action: "s3:PutObject",
    resource: `${backups(bucket)}/${backupsPrefix}/history.gz`,
  });

  it("is the machine's on one machine, and a service account's of its own on EKS", () => {
    const [onNode, onEks] = identities;
    expect(decide(permissionsOf(onNode.id, "node"), write(onNode.bucket))).toBe("allowed");
    expect(decide(permissionsOf(onEks.id, "service"), write(onEks.bucket))).toBe("refused");
    expect(decide(permissionsOf(onEks.id, "backup"), write(onEks.bucket))).toBe("allowed");
  });

  it("is nobody's where backups are off", () => {
    const off = synthesize({ environments: [parseEnvironment({ ...node, backups: undefined })] });
    expect(JSON.stringify(stackOf(off, "berth-node-identity"))).not.toContain("WriteBackups");
  });
});

describe("who takes a role", () => {
  const trust = (id: string, part: AwsNamePart) =>
    statementsOf(stacks, id, roleOf(id, part)["assume_role_policy"]);

  it("is EC2 alone for the machine's", () => {
    const take = (principal: string) =>
      decide(trust("berth-node-identity", "node"), { action: "sts:AssumeRole", principal });
    expect(take("Service:ec2.amazonaws.com")).toBe("allowed");
    expect(take("Service:lambda.amazonaws.com")).toBe("refused");
    expect(take("AWS:arn:aws:iam::123456789012:root")).toBe("refused");
  });

  it("is the service's account in its namespace and cluster alone for the pods'", () => {
    const pod = {
      "aws:RequestTag/eks-cluster-name": "berth",
      "aws:RequestTag/kubernetes-namespace": "berth",
      "aws:RequestTag/kubernetes-service-account": componentName("service"),
    };
    const take = (context: Record<string, string>, principal = "Service:pods.eks.amazonaws.com") =>
      decide(trust("berth-eks-identity", "service"), {
        action: "sts:AssumeRole",
        principal,
        context,
      });
    expect(take(pod)).toBe("allowed");
    expect(take({ ...pod, "aws:RequestTag/eks-cluster-name": "other" })).toBe("refused");
    expect(take({ ...pod, "aws:RequestTag/kubernetes-namespace": "default" })).toBe("refused");
    expect(
      take({ ...pod, "aws:RequestTag/kubernetes-service-account": componentName("web") }),
    ).toBe("refused");
    expect(take({})).toBe("refused");
    expect(take(pod, "Service:ec2.amazonaws.com")).toBe("refused");
  });
});

describe("the machine's role", () => {
  it("may keep a Session Manager channel open, which the pods' role may not", () => {
    const open: Call = { action: "ssmmessages:OpenControlChannel", resource: "*" };
    expect(decide(permissionsOf("berth-node-identity", "node"), open)).toBe("allowed");
    expect(decide(permissionsOf("berth-eks-identity", "service"), open)).toBe("refused");
  });
});
