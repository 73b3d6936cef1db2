import type { AwsNamePart } from "@berth/contract";
import { decide } from "./support/policy";
import type { Call, Statement } from "./support/policy";
import { account } from "./support/resolve-references";
import { resources } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const id = "berth-eks-identity";
const stacks = synthesize();

/** What a workflow's role may do in the cluster's environment: by its own policy, and by those that it shares. */
function permissionsOf(part: AwsNamePart): Statement[] {
  const stack = stackOf(stacks, id);
  const own = resources(stack, "aws_iam_role_policy").filter(
    ({ name }) => name === `berth-eks-${part}`,
  );
  expect(own).toHaveLength(1);
  const shared = resources(stack, "aws_iam_role_policy_attachment")
    .filter(({ role }) => String(role).includes(`github_${part}_role`))
    .map(({ policy_arn }) => {
      const [, name = ""] = /^\$\{aws_iam_policy\.([\w-]+)\.arn\}$/.exec(String(policy_arn)) ?? [];
      return stack.resource?.["aws_iam_policy"]?.[name];
    });
  expect(shared.map((policy) => policy?.["name"]).sort()).toEqual(
    part === "plan"
      ? ["berth-eks-read"]
      : ["berth-eks-deploy-cluster", "berth-eks-deploy-state", "berth-eks-read"],
  );
  return [...own, ...shared].flatMap((policy) => statementsOf(stacks, id, policy?.["policy"]));
}

const arn = (service: string, resource: string) =>
  `arn:aws:${service}:eu-central-1:${account}:${resource}`;
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const own = { "aws:ResourceTag/project": "berth", "aws:ResourceTag/environment": "eks" };
const pass = (name: string, service: string): Call => ({
  action: "iam:PassRole",
  resource: role(name),
  context: { "iam:PassedToService": service },
});

const reads: readonly [string, Call][] = [
  [
    "describe the cluster",
    { action: "eks:DescribeCluster", resource: arn("eks", "cluster/berth") },
  ],
  [
    "describe its machines",
    { action: "eks:DescribeNodegroup", resource: arn("eks", "nodegroup/berth/managed-1/2") },
  ],
  [
    "describe who may enter",
    {
      action: "eks:DescribeAccessEntry",
      resource: arn("eks", "access-entry/berth/role/1/admin/2"),
    },
  ],
  ["look versions of add-ons up", { action: "eks:DescribeAddonVersions", resource: "*" }],
  ["find an admin's role", { action: "iam:GetRole", resource: role("platform-admin") }],
  [
    "find an admin's role under a path",
    {
      action: "iam:GetRole",
      resource: role("aws-reserved/sso.amazonaws.com/eu-central-1/platform-admin"),
    },
  ],
  [
    "read the queue's settings",
    { action: "sqs:GetQueueAttributes", resource: arn("sqs", "berth-eks-karpenter") },
  ],
  [
    "read the key's settings",
    { action: "kms:GetKeyPolicy", resource: arn("kms", "key/1"), context: own },
  ],
];

const changes: readonly [string, Call][] = [
  [
    "upgrade the cluster",
    { action: "eks:UpdateClusterVersion", resource: arn("eks", "cluster/berth") },
  ],
  [
    "update an add-on",
    { action: "eks:UpdateAddon", resource: arn("eks", "addon/berth/coredns/1") },
  ],
  ["replace machines", { action: "eks:CreateNodegroup", resource: arn("eks", "cluster/berth") }],
  [
    "change their template",
    {
      action: "ec2:CreateLaunchTemplateVersion",
      resource: arn("ec2", "launch-template/lt-1"),
      context: own,
    },
  ],
  ["give them their role", pass("berth-eks-cluster-nodes", "ec2.amazonaws.com")],
];

const never: readonly [string, Call][] = [
  [
    "change another cluster",
    { action: "eks:UpdateClusterVersion", resource: arn("eks", "cluster/x") },
  ],
  ["delete the cluster", { action: "eks:DeleteCluster", resource: arn("eks", "cluster/berth") }],
  [
    "let someone into the cluster",
    { action: "eks:CreateAccessEntry", resource: arn("eks", "cluster/berth") },
  ],
  [
    "make an admin of the cluster",
    {
      action: "eks:AssociateAccessPolicy",
      resource: arn("eks", "access-entry/berth/role/1/x/2"),
    },
  ],
  [
    "give a service account a role",
    { action: "eks:CreatePodIdentityAssociation", resource: arn("eks", "cluster/berth") },
  ],
  ["give a machine an admin's role", pass("platform-admin", "ec2.amazonaws.com")],
  ["give a pod the machines' role", pass("berth-eks-cluster-nodes", "pods.eks.amazonaws.com")],
  ["give a pod the secrets' role", pass("berth-eks-external-secrets", "pods.eks.amazonaws.com")],
  ["read a message", { action: "sqs:ReceiveMessage", resource: arn("sqs", "berth-eks-karpenter") }],
  ["decrypt", { action: "kms:Decrypt", resource: arn("kms", "key/1"), context: own }],
  [
    "change who may use the key",
    { action: "kms:PutKeyPolicy", resource: arn("kms", "key/1"), context: own },
  ],
  [
    "delete the control plane's log",
    {
      action: "logs:DeleteLogGroup",
      resource: arn("logs", "log-group:/aws/eks/berth/cluster"),
    },
  ],
  [
    "read a secret",
    {
      action: "secretsmanager:GetSecretValue",
      resource: arn("secretsmanager", "secret:berth/eks/a"),
    },
  ],
];

describe("the workflows' role that plans", () => {
  const permissions = permissionsOf("plan");
  it.each(reads)("may %s", (_, call) => {
    expect(decide(permissions, call)).toBe("allowed");
  });
  it.each([...changes, ...never])("may not %s", (_, call) => {
    expect(decide(permissions, call)).toBe("refused");
  });
});

describe("the workflows' role that deploys", () => {
  const permissions = permissionsOf("deploy");
  it.each([...reads, ...changes])("may %s", (_, call) => {
    expect(decide(permissions, call)).toBe("allowed");
  });
  it.each(never)("may not %s", (_, call) => {
    expect(decide(permissions, call)).toBe("refused");
  });
});

describe("External Secrets", () => {
  const [policy] = resources(stackOf(stacks, id), "aws_iam_role_policy").filter(
    ({ name }) => name === "berth-eks-external-secrets",
  );
  const permissions = statementsOf(stacks, id, policy?.["policy"]);
  const read = (name: string, action = "secretsmanager:GetSecretValue") =>
    decide(permissions, { action, resource: arn("secretsmanager", `secret:${name}-AbCdEf`) });

  it("reads the environment's secrets by their names, and no others", () => {
    expect(read("berth/eks/mongodb")).toBe("allowed");
    expect(read("berth/eks/mongodb", "secretsmanager:DescribeSecret")).toBe("allowed");
    expect(read("berth/node/mongodb")).toBe("refused");
    expect(read("berth/eks2/mongodb")).toBe("refused");
    expect(read("other")).toBe("refused");
  });

  it("writes none and lists none", () => {
    expect(read("berth/eks/mongodb", "secretsmanager:PutSecretValue")).toBe("refused");
    expect(read("berth/eks/mongodb", "secretsmanager:DeleteSecret")).toBe("refused");
    expect(decide(permissions, { action: "secretsmanager:ListSecrets", resource: "*" })).toBe(
      "refused",
    );
  });
});
