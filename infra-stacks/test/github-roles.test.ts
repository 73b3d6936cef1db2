import { modelsPrefix, parseEnvironment } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import { node } from "./support/fixtures";
import { decide } from "./support/policy";
import type { Call } from "./support/policy";
import { account } from "./support/resolve-references";
import { resources } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

type Role = "plan" | "deploy" | "publish-model";

const id = "berth-node-identity";
const synthesizeWith = (values: Partial<NodeEnvironment>) =>
  synthesize({ environments: [parseEnvironment({ ...node, ...values })] });
const stacks = synthesizeWith({ replication: { region: "eu-west-1" } });

/** The statements of all of a role's policies, or of its trust. */
function statements(role: Role, part: "policy" | "trust", of = stacks) {
  const stack = stackOf(of, id);
  const [roleId, block] =
    Object.entries(stack.resource?.["aws_iam_role"] ?? {}).find(
      ([, one]) => one["name"] === `berth-node-${role}`,
    ) ?? [];
  if (!roleId || !block) throw new Error(`no role ${role}`);
  if (part === "trust") return statementsOf(of, id, block["assume_role_policy"]);

  const own = resources(stack, "aws_iam_role_policy")
    .filter((one) => one["role"] === `\${aws_iam_role.${roleId}.id}`)
    .map((one) => one["policy"]);
  const shared = resources(stack, "aws_iam_role_policy_attachment")
    .filter((one) => one["role"] === `\${aws_iam_role.${roleId}.name}`)
    .map((one) => {
      const policyId = /aws_iam_policy\.([\w-]+)\.arn/.exec(String(one["policy_arn"]))?.[1] ?? "";
      return stack.resource?.["aws_iam_policy"]?.[policyId]?.["policy"];
    });
  return [...own, ...shared].flatMap((policy) => statementsOf(of, id, policy));
}

const issuer = "token.actions.githubusercontent.com";
const provider = stackOf(stacks, id).resource?.["aws_iam_openid_connect_provider"] ?? {};

describe("who takes a workflow's role", () => {
  const take = (role: Role, subject: string, audience = "sts.amazonaws.com", of = stacks) =>
    decide(statements(role, "trust", of), {
      action: "sts:AssumeRoleWithWebIdentity",
      principal: `Federated:arn:aws:iam::${account}:oidc-provider/${issuer}`,
      context: { [`${issuer}:sub`]: subject, [`${issuer}:aud`]: audience },
    });
  const repo = "repo:berth-example/berth";
  const branch = `${repo}:ref:refs/heads/main`;
  const request = `${repo}:pull_request`;
  const approved = `${repo}:environment:node`;

  it.each<[Role, string[]]>([
    ["plan", [branch, request]],
    ["deploy", [approved]],
    ["publish-model", [branch]],
  ])("is for %s exactly %j", (role, subjects) => {
    for (const subject of [branch, request, approved])
      expect([subject, take(role, subject)]).toEqual([
        subject,
        subjects.includes(subject) ? "allowed" : "refused",
      ]);
    for (const subject of subjects) {
      expect(take(role, subject.replace("berth-example", "mallory"))).toBe("refused");
      expect(take(role, subject.replace("/berth:", "/berth-fork:"))).toBe("refused");
      expect(take(role, `${subject}-2`)).toBe("refused");
      expect(take(role, subject, "https://github.com/berth-example")).toBe("refused");
    }
    expect(take(role, `${repo}:ref:refs/tags/main`)).toBe("refused");
    expect(take(role, `${repo}:ref:refs/heads/other`)).toBe("refused");
  });

  it("follows the contract's repository, branch and GitHub environment", () => {
    const elsewhere = synthesizeWith({
      git: { ...node.git, repository: "https://github.com/acme/texts.git" },
      github: { branch: "release", environment: "production", oidcProvider: "create" },
    });
    const audience = "sts.amazonaws.com";
    const of = (role: Role, subject: string) => take(role, subject, audience, elsewhere);
    expect(of("plan", "repo:acme/texts:ref:refs/heads/release")).toBe("allowed");
    expect(of("deploy", "repo:acme/texts:environment:production")).toBe("allowed");
    expect(of("publish-model", "repo:acme/texts:ref:refs/heads/main")).toBe("refused");
  });

  it("is vouched for by GitHub, made here or found", () => {
    expect(Object.values(provider)).toEqual([
      { url: `https://${issuer}`, client_id_list: ["sts.amazonaws.com"] },
    ]);
    const found = stackOf(
      synthesizeWith({ github: { branch: "main", oidcProvider: "existing" } }),
      id,
    );
    expect(found.resource).not.toHaveProperty("aws_iam_openid_connect_provider");
    expect(Object.values(found.data?.["aws_iam_openid_connect_provider"] ?? {})).toEqual([
      { url: `https://${issuer}` },
    ]);
  });

  it("is nobody where the contract says nothing of GitHub", () => {
    const without = stackOf(synthesizeWith({ github: undefined }), id);
    expect(resources(without, "aws_iam_role").map((role) => role["name"])).toEqual([
      "berth-node-node",
    ]);
    expect(JSON.stringify(without)).not.toContain(issuer);
  });
});

const ec2 = (resource: string, region = "eu-central-1") =>
  `arn:aws:ec2:${region}:${account}:${resource}`;
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const models = `arn:aws:s3:::${node.modelBucket}`;
const states = `arn:aws:s3:::${node.stateBucket}`;
const lockTable = `arn:aws:dynamodb:eu-central-1:${account}:table/berth-node-state-lock`;
const tags = (key: "RequestTag" | "ResourceTag", environment = "node") => ({
  [`aws:${key}/project`]: "berth",
  [`aws:${key}/environment`]: environment,
});
const state = (layer: string) => `berth-node-${layer}/terraform.tfstate`;
const lock = (layer: string, suffix = "") => ({
  "dynamodb:LeadingKeys": `${node.stateBucket}/${state(layer)}${suffix}`,
});
const weights = `${models}/${modelsPrefix}/a/1.0.0/model.onnx`;

/** What is asked; and who of the three may do it. */
const calls: readonly [string, Call, readonly Role[]][] = [
  // Reading
  ["describe machines", { action: "ec2:DescribeInstances", resource: "*" }, ["plan", "deploy"]],
  [
    "read a bucket's policy",
    { action: "s3:GetBucketPolicy", resource: models },
    ["plan", "deploy"],
  ],
  ["read a role", { action: "iam:GetRole", resource: role("berth-node-node") }, ["plan", "deploy"]],
  ["read another's role", { action: "iam:GetRole", resource: role("admin") }, []],
  ["read a log", { action: "logs:GetLogEvents", resource: "*" }, []],
  ["read a secret", { action: "secretsmanager:GetSecretValue", resource: "*" }, []],
  ["list all buckets", { action: "s3:ListAllMyBuckets", resource: "*" }, []],
  // States
  [
    "read a state",
    { action: "s3:GetObject", resource: `${states}/${state("network")}` },
    ["plan", "deploy"],
  ],
  [
    "lock a state in S3",
    { action: "s3:PutObject", resource: `${states}/${state("network")}.tflock` },
    ["plan", "deploy"],
  ],
  [
    "lock a state in the table",
    { action: "dynamodb:PutItem", resource: lockTable, context: lock("network") },
    ["plan", "deploy"],
  ],
  [
    "lock another environment's state",
    {
      action: "dynamodb:PutItem",
      resource: lockTable,
      context: { "dynamodb:LeadingKeys": "other/x" },
    },
    [],
  ],
  [
    "write a state",
    { action: "s3:PutObject", resource: `${states}/${state("network")}` },
    ["deploy"],
  ],
  [
    "write a state's digest",
    { action: "dynamodb:PutItem", resource: lockTable, context: lock("network", "-md5") },
    ["deploy"],
  ],
  [
    "write the roles' state",
    { action: "s3:PutObject", resource: `${states}/${state("identity")}` },
    [],
  ],
  ["delete a state", { action: "s3:DeleteObject", resource: `${states}/${state("network")}` }, []],
  ["delete the lock table", { action: "dynamodb:DeleteTable", resource: lockTable }, []],
  // Models
  ["publish a model", { action: "s3:PutObject", resource: weights }, ["publish-model"]],
  [
    "look whether a model is there",
    { action: "s3:GetObject", resource: weights },
    ["publish-model"],
  ],
  ["delete a model", { action: "s3:DeleteObject", resource: weights }, []],
  ["write beside the models", { action: "s3:PutObject", resource: `${models}/other/a` }, []],
  // Machines and networks
  [
    "make a VPC with its tags",
    { action: "ec2:CreateVpc", resource: ec2("vpc/*"), context: tags("RequestTag") },
    ["deploy"],
  ],
  ["make a VPC without tags", { action: "ec2:CreateVpc", resource: ec2("vpc/*") }, []],
  [
    "make a VPC in another region",
    { action: "ec2:CreateVpc", resource: ec2("vpc/*", "us-east-1"), context: tags("RequestTag") },
    [],
  ],
  [
    "make a subnet in its own VPC",
    { action: "ec2:CreateSubnet", resource: ec2("vpc/vpc-1"), context: tags("ResourceTag") },
    ["deploy"],
  ],
  [
    "make a subnet in another's VPC",
    { action: "ec2:CreateSubnet", resource: ec2("vpc/vpc-2"), context: tags("RequestTag") },
    [],
  ],
  [
    "start a machine in another's subnet",
    { action: "ec2:RunInstances", resource: ec2("subnet/s-2"), context: tags("RequestTag") },
    [],
  ],
  [
    "end its own machine",
    {
      action: "ec2:TerminateInstances",
      resource: ec2("instance/i-1"),
      context: tags("ResourceTag"),
    },
    ["deploy"],
  ],
  [
    "end another environment's machine",
    {
      action: "ec2:TerminateInstances",
      resource: ec2("instance/i-2"),
      context: tags("ResourceTag", "eks"),
    },
    [],
  ],
  [
    "claim another's machine by tagging it",
    { action: "ec2:CreateTags", resource: ec2("instance/i-2"), context: tags("RequestTag") },
    [],
  ],
  [
    "tag a machine that it makes",
    {
      action: "ec2:CreateTags",
      resource: ec2("instance/*"),
      context: { "ec2:CreateAction": "RunInstances" },
    },
    ["deploy"],
  ],
  [
    "delete the data volume",
    { action: "ec2:DeleteVolume", resource: ec2("volume/v-1"), context: tags("ResourceTag") },
    [],
  ],
  [
    "delete a snapshot",
    {
      action: "ec2:DeleteSnapshot",
      resource: "arn:aws:ec2:eu-central-1::snapshot/s-1",
      context: tags("ResourceTag"),
    },
    [],
  ],
  ["open a shell", { action: "ssm:StartSession", resource: ec2("instance/i-1") }, []],
  // Buckets
  ["set up a bucket", { action: "s3:PutBucketVersioning", resource: models }, ["deploy"]],
  [
    "set up the copy of a bucket",
    { action: "s3:PutBucketVersioning", resource: `${models}-replica` },
    ["deploy"],
  ],
  ["set up the bucket of states", { action: "s3:PutBucketPolicy", resource: states }, []],
  ["set up another's bucket", { action: "s3:PutBucketPolicy", resource: "arn:aws:s3:::other" }, []],
  ["delete a bucket", { action: "s3:DeleteBucket", resource: models }, []],
  // Alarms, logs, schedules
  [
    "make its alarm",
    {
      action: "cloudwatch:PutMetricAlarm",
      resource: `arn:aws:cloudwatch:eu-central-1:${account}:alarm:berth-node-node-recover`,
    },
    ["deploy"],
  ],
  [
    "delete another's alarm",
    {
      action: "cloudwatch:DeleteAlarms",
      resource: `arn:aws:cloudwatch:eu-central-1:${account}:alarm:billing`,
    },
    [],
  ],
  [
    "delete its logs",
    {
      action: "logs:DeleteLogGroup",
      resource: `arn:aws:logs:eu-central-1:${account}:log-group:/berth/node/flow-logs`,
    },
    [],
  ],
  // Roles
  [
    "pass the machine's role to EC2",
    {
      action: "iam:PassRole",
      resource: role("berth-node-node"),
      context: { "iam:PassedToService": "ec2.amazonaws.com" },
    },
    ["deploy"],
  ],
  [
    "pass the machine's role to Lambda",
    {
      action: "iam:PassRole",
      resource: role("berth-node-node"),
      context: { "iam:PassedToService": "lambda.amazonaws.com" },
    },
    [],
  ],
  [
    "pass its own role to EC2",
    {
      action: "iam:PassRole",
      resource: role("berth-node-deploy"),
      context: { "iam:PassedToService": "ec2.amazonaws.com" },
    },
    [],
  ],
  [
    "pass an administrator's role",
    {
      action: "iam:PassRole",
      resource: role("admin"),
      context: { "iam:PassedToService": "ec2.amazonaws.com" },
    },
    [],
  ],
  ["make a role", { action: "iam:CreateRole", resource: role("berth-node-x") }, []],
  ["give a role a policy", { action: "iam:PutRolePolicy", resource: role("berth-node-node") }, []],
  [
    "change who takes a role",
    { action: "iam:UpdateAssumeRolePolicy", resource: role("berth-node-deploy") },
    [],
  ],
  ["make an access key", { action: "iam:CreateAccessKey", resource: "*" }, []],
  ["take another role", { action: "sts:AssumeRole", resource: role("admin") }, []],
];

describe("what a workflow's role may do", () => {
  it.each(calls)("%s", (_, call, allowed) => {
    const decisions = (["plan", "deploy", "publish-model"] as const).filter(
      (one) => decide(statements(one, "policy"), call) === "allowed",
    );
    expect(decisions).toEqual(allowed);
  });

  it("never allows every action, nor every resource but to describe", () => {
    for (const one of ["plan", "deploy", "publish-model"] as const)
      for (const { sid, actions, resources: on = [] } of statements(one, "policy")) {
        expect(actions.filter((action) => /^(\*|\w+:\*)$/.test(action))).toEqual([]);
        if (on.includes("*")) expect(sid).toBe("Describe");
      }
  });
});
