import { componentName, manifestFile, modelFiles, modelKey, modelPrefix } from "@berth/contract";
import { model } from "./support/fixtures";
import { decide } from "./support/policy";
import type { Call, Statement } from "./support/policy";
import { resolveReferences } from "./support/resolve-references";
import { resources, theResource } from "./support/stack-json";
import { stackOf, synthesize } from "./support/synthesize";
import type { Synthesized } from "./support/synthesize";

/** The statements of the document that a policy argument refers to. */
function statementsOf(stacks: Synthesized, id: string, policy: unknown): Statement[] {
  const name = /^\$\{data\.aws_iam_policy_document\.([\w-]+)\.json\}$/.exec(String(policy))?.[1];
  const document = stackOf(stacks, id).data?.["aws_iam_policy_document"]?.[name ?? ""];
  if (!document) throw new Error(`${id}: no policy document at ${String(policy)}`);
  return (document["statement"] as Statement[]).map((statement) => ({
    ...statement,
    resources: statement.resources?.map((resource) => resolveReferences(stacks, id, resource)),
  }));
}

const stacks = synthesize();
const other = synthesize({ model: { ...model, version: "9.9.9" } });
const prefix = modelPrefix(model);

const identities = [
  { id: "berth-node-identity", bucket: "arn:aws:s3:::berth-example-node-models" },
  { id: "berth-eks-identity", bucket: "arn:aws:s3:::berth-example-eks-models" },
];

describe.each(identities)("the role of $id", ({ id, bucket }) => {
  const stack = stackOf(stacks, id);
  const permissions = statementsOf(stacks, id, theResource(stack, "aws_iam_role_policy")["policy"]);
  const list = (listed?: string): Call => ({
    action: "s3:ListBucket",
    resource: bucket,
    context: listed === undefined ? {} : { "s3:prefix": listed },
  });

  it.each([...modelFiles, manifestFile] as const)("may read the served model's %s", (file) => {
    const call = { action: "s3:GetObject", resource: `${bucket}/${modelKey(model, file)}` };
    expect(decide(permissions, call)).toBe("allowed");
  });

  it("may list the served model's prefix", () => {
    expect(decide(permissions, list(prefix))).toBe("allowed");
  });

  const weights = `${bucket}/${modelKey(model, "model.onnx")}`;
  const refused: readonly [string, Call][] = [
    [
      "read another version",
      { action: "s3:GetObject", resource: `${bucket}/models/${model.name}/9.9.9/model.onnx` },
    ],
    [
      "read a version whose number begins alike",
      {
        action: "s3:GetObject",
        resource: `${bucket}/models/${model.name}/${model.version}1/model.onnx`,
      },
    ],
    [
      "read another model",
      { action: "s3:GetObject", resource: `${bucket}/models/other/1.0.0/model.onnx` },
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
    ["list all models", list("models/")],
    ["list another version", list(`models/${model.name}/9.9.9/`)],
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

  it("may read the other version, and this one no more, once the contract names the other", () => {
    const changed = statementsOf(
      other,
      id,
      theResource(stackOf(other, id), "aws_iam_role_policy")["policy"],
    );
    const read = (version: string) =>
      decide(changed, {
        action: "s3:GetObject",
        resource: `${bucket}/${modelKey({ ...model, version }, "model.onnx")}`,
      });
    expect(read("9.9.9")).toBe("allowed");
    expect(read(model.version)).toBe("refused");
  });

  it("has no other permissions: no second policy, no managed policy, no user, no access key", () => {
    expect(Object.keys(stack.resource ?? {}).sort()).toEqual(
      id === "berth-node-identity"
        ? ["aws_iam_instance_profile", "aws_iam_role", "aws_iam_role_policy"]
        : ["aws_iam_role", "aws_iam_role_policy"],
    );
    expect(resources(stack, "aws_iam_role_policy")).toHaveLength(1);
    const role = theResource(stack, "aws_iam_role");
    expect(role).not.toHaveProperty("managed_policy_arns");
    expect(role).not.toHaveProperty("inline_policy");
  });
});

describe("who takes a role", () => {
  const trust = (id: string) =>
    statementsOf(
      stacks,
      id,
      theResource(stackOf(stacks, id), "aws_iam_role")["assume_role_policy"],
    );

  it("is EC2 alone for the machine's", () => {
    const take = (principal: string) =>
      decide(trust("berth-node-identity"), { action: "sts:AssumeRole", principal });
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
      decide(trust("berth-eks-identity"), { action: "sts:AssumeRole", principal, context });
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
    const decisionOf = (id: string) =>
      decide(
        statementsOf(stacks, id, theResource(stackOf(stacks, id), "aws_iam_role_policy")["policy"]),
        open,
      );
    expect(decisionOf("berth-node-identity")).toBe("allowed");
    expect(decisionOf("berth-eks-identity")).toBe("refused");
  });
});
