import { decide } from "./support/policy";
import type { Call } from "./support/policy";
import { account } from "./support/resolve-references";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const id = "berth-eks-cluster";
const stacks = synthesize();
const stack = stackOf(stacks, id);

const controller = Object.entries(stack.resource?.["aws_iam_role_policy"] ?? {}).find(([name]) =>
  name.startsWith("karpenter_controller_"),
)![1];
const permissions = statementsOf(stacks, id, controller["policy"]);

const ec2 = (kind: string) => `arn:aws:ec2:eu-central-1:${account}:${kind}`;
const profile = `arn:aws:iam::${account}:instance-profile/berth_1234`;
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const queue = `arn:aws:sqs:eu-central-1:${account}:berth-eks-karpenter`;

/** Tags that Karpenter gives what it starts, as condition keys. */
const tags = (of: "RequestTag" | "ResourceTag", values: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries({
      "kubernetes.io/cluster/berth": "owned",
      "eks:eks-cluster-name": "berth",
      "karpenter.sh/nodepool": "default",
      ...values,
    }).map(([tag, value]) => [`aws:${of}/${tag}`, value]),
  );
const ofProfile = {
  "topology.kubernetes.io/region": "eu-central-1",
  "karpenter.k8s.aws/ec2nodeclass": "default",
};
const run = (resource: string, context?: Call["context"]): Call => ({
  action: "ec2:RunInstances",
  resource,
  ...(context ? { context } : {}),
});

describe("Karpenter's controller", () => {
  const allowed: readonly [string, Call][] = [
    ["start a machine with the cluster's tags", run(ec2("instance/i-1"), tags("RequestTag"))],
    ["make the machine's disk", run(ec2("volume/vol-1"), tags("RequestTag"))],
    ["start it in a private subnet", run(ec2("subnet/berth-eks-network-private-eu-central-1a"))],
    ["start it in the cluster's security group", run(ec2("security-group/sg-berth"))],
    ["start it from an image of any account", run("arn:aws:ec2:eu-central-1::image/ami-1")],
    ["start it from its own template", run(ec2("launch-template/lt-1"), tags("ResourceTag"))],
    [
      "make a template with the cluster's tags",
      {
        action: "ec2:CreateLaunchTemplate",
        resource: ec2("launch-template/lt-1"),
        context: tags("RequestTag"),
      },
    ],
    [
      "tag a machine as it starts it",
      {
        action: "ec2:CreateTags",
        resource: ec2("instance/i-1"),
        context: { ...tags("RequestTag"), "ec2:CreateAction": "CreateFleet" },
      },
    ],
    [
      "name its own machine",
      {
        action: "ec2:CreateTags",
        resource: ec2("instance/i-1"),
        context: { ...tags("ResourceTag"), "aws:TagKeys": ["Name", "karpenter.sh/nodeclaim"] },
      },
    ],
    [
      "end its own machine",
      {
        action: "ec2:TerminateInstances",
        resource: ec2("instance/i-1"),
        context: tags("ResourceTag"),
      },
    ],
    [
      "look at machines in the region",
      {
        action: "ec2:DescribeInstances",
        resource: "*",
        context: { "aws:RequestedRegion": "eu-central-1" },
      },
    ],
    ["read prices", { action: "pricing:GetProducts", resource: "*" }],
    [
      "find EKS' images",
      {
        action: "ssm:GetParameter",
        resource:
          "arn:aws:ssm:eu-central-1::parameter/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id",
      },
    ],
    ["hear of interruptions", { action: "sqs:ReceiveMessage", resource: queue }],
    [
      "give a machine its role",
      {
        action: "iam:PassRole",
        resource: role("berth-eks-karpenter-node"),
        context: { "iam:PassedToService": "ec2.amazonaws.com" },
      },
    ],
    [
      "make an instance profile with the cluster's tags",
      {
        action: "iam:CreateInstanceProfile",
        resource: profile,
        context: tags("RequestTag", ofProfile),
      },
    ],
    [
      "put the role into its own instance profile",
      {
        action: "iam:AddRoleToInstanceProfile",
        resource: profile,
        context: tags("ResourceTag", ofProfile),
      },
    ],
    [
      "find the cluster",
      {
        action: "eks:DescribeCluster",
        resource: `arn:aws:eks:eu-central-1:${account}:cluster/berth`,
      },
    ],
  ];
  it.each(allowed)("may %s", (_, call) => {
    expect(decide(permissions, call)).toBe("allowed");
  });

  const refused: readonly [string, Call][] = [
    ["start a machine without tags", run(ec2("instance/i-1"))],
    [
      "start a machine for another cluster",
      run(ec2("instance/i-1"), {
        "aws:RequestTag/kubernetes.io/cluster/other": "owned",
        "aws:RequestTag/eks:eks-cluster-name": "other",
        "aws:RequestTag/karpenter.sh/nodepool": "default",
      }),
    ],
    [
      "start a machine in another region",
      run(`arn:aws:ec2:us-east-1:${account}:instance/i-1`, tags("RequestTag")),
    ],
    ["start one in a public subnet", run(ec2("subnet/berth-eks-network-public-eu-central-1a"))],
    ["start one in a subnet of someone else's", run(ec2("subnet/subnet-1"))],
    ["start one in another security group", run(ec2("security-group/sg-open"))],
    ["start one from another's template", run(ec2("launch-template/lt-1"))],
    ["start one with an SSH key", run(ec2("key-pair/mine"))],
    [
      "tag what stands as its own",
      {
        action: "ec2:CreateTags",
        resource: ec2("instance/i-1"),
        context: {
          ...tags("RequestTag"),
          "aws:TagKeys": ["kubernetes.io/cluster/berth", "karpenter.sh/nodepool"],
        },
      },
    ],
    [
      "change its own machine's owner",
      {
        action: "ec2:CreateTags",
        resource: ec2("instance/i-1"),
        context: { ...tags("ResourceTag"), "aws:TagKeys": ["Name", "owner"] },
      },
    ],
    [
      "tag a subnet",
      {
        action: "ec2:CreateTags",
        resource: ec2("subnet/subnet-1"),
        context: { ...tags("RequestTag"), "ec2:CreateAction": "RunInstances" },
      },
    ],
    [
      "end a machine that it did not start",
      { action: "ec2:TerminateInstances", resource: ec2("instance/i-1") },
    ],
    [
      "end a machine of the managed group, which has no NodePool",
      {
        action: "ec2:TerminateInstances",
        resource: ec2("instance/i-1"),
        context: { "aws:ResourceTag/kubernetes.io/cluster/berth": "owned" },
      },
    ],
    [
      "look at machines in another region",
      {
        action: "ec2:DescribeInstances",
        resource: "*",
        context: { "aws:RequestedRegion": "us-east-1" },
      },
    ],
    [
      "read a parameter of the account",
      {
        action: "ssm:GetParameter",
        resource: `arn:aws:ssm:eu-central-1:${account}:parameter/secret`,
      },
    ],
    ["read another queue", { action: "sqs:ReceiveMessage", resource: `${queue}-other` }],
    ["write to its queue", { action: "sqs:SendMessage", resource: queue }],
    [
      "give a machine another role",
      {
        action: "iam:PassRole",
        resource: role("admin"),
        context: { "iam:PassedToService": "ec2.amazonaws.com" },
      },
    ],
    [
      "give its machines' role to another service",
      {
        action: "iam:PassRole",
        resource: role("berth-eks-karpenter-node"),
        context: { "iam:PassedToService": "lambda.amazonaws.com" },
      },
    ],
    [
      "make an instance profile without tags",
      { action: "iam:CreateInstanceProfile", resource: profile },
    ],
    [
      "put a role into an instance profile of another's",
      { action: "iam:AddRoleToInstanceProfile", resource: profile },
    ],
    [
      "take over an instance profile by tagging it",
      {
        action: "iam:TagInstanceProfile",
        resource: profile,
        context: tags("RequestTag", ofProfile),
      },
    ],
    ["make a role", { action: "iam:CreateRole", resource: role("admin") }],
    ["change its own role", { action: "iam:PutRolePolicy", resource: role("berth-eks-karpenter") }],
    [
      "look at another cluster",
      {
        action: "eks:DescribeCluster",
        resource: `arn:aws:eks:eu-central-1:${account}:cluster/other`,
      },
    ],
    [
      "let someone into the cluster",
      {
        action: "eks:CreateAccessEntry",
        resource: `arn:aws:eks:eu-central-1:${account}:cluster/berth`,
      },
    ],
    [
      "read models",
      { action: "s3:GetObject", resource: "arn:aws:s3:::berth-example-eks-models/models/a" },
    ],
  ];
  it.each(refused)("may not %s", (_, call) => {
    expect(decide(permissions, call)).toBe("refused");
  });

  it("may do something to everything only where AWS defines no resource", () => {
    expect(
      permissions
        .filter(({ resources }) => resources?.includes("*"))
        .flatMap(({ actions }) => actions)
        .filter((action) => !action.startsWith("ec2:Describe")),
    ).toEqual(["iam:ListInstanceProfiles", "pricing:GetProducts"]);
    expect(
      permissions.flatMap(({ actions }) => actions).filter((one) => one.includes("*")),
    ).toEqual([]);
  });

  it("is its service account's alone", () => {
    const association = resources(stack, "aws_eks_pod_identity_association").find(
      (one) => one["service_account"] === "karpenter",
    );
    expect(association).toMatchObject({
      namespace: "kube-system",
      role_arn: expect.stringContaining("karpenter_controller_role") as string,
    });
  });
});

describe("Karpenter's machines", () => {
  it("join the cluster under a role of their own, by an access entry for Linux machines", () => {
    const [entry, ...others] = resources(stack, "aws_eks_access_entry").filter(
      (one) => one["type"] === "EC2_LINUX",
    );
    expect(others).toEqual([]);
    const [, name = ""] =
      /^\$\{aws_iam_role\.([\w-]+)\.arn\}$/.exec(String(entry?.["principal_arn"])) ?? [];
    expect(stack.resource?.["aws_iam_role"]?.[name]?.["name"]).toBe("berth-eks-karpenter-node");
  });

  it("find their subnets and their security group by one tag", () => {
    expect(theResource(stack, "aws_ec2_tag")).toEqual({
      resource_id: expect.stringMatching(
        /^\$\{aws_eks_cluster\.\w+\.vpc_config\[0\]\.cluster_security_group_id\}$/,
      ) as string,
      key: "karpenter.sh/discovery",
      value: "berth",
    });
    const network = stackOf(stacks, "berth-eks-network");
    const tagsOf = (kind: string) =>
      Object.entries(network.resource?.["aws_subnet"] ?? {})
        .filter(([name]) => name.startsWith(`network_${kind}-`))
        .map(([, subnet]) => subnet["tags"] as Record<string, string>);
    expect(tagsOf("private")).toHaveLength(3);
    for (const found of tagsOf("private"))
      expect(found).toMatchObject({
        "karpenter.sh/discovery": "berth",
        "kubernetes.io/cluster/berth": "shared",
        "kubernetes.io/role/internal-elb": "1",
      });
    for (const found of tagsOf("public")) {
      expect(found).toMatchObject({
        "kubernetes.io/cluster/berth": "shared",
        "kubernetes.io/role/elb": "1",
      });
      expect(found).not.toHaveProperty(["karpenter.sh/discovery"]);
    }
  });

  it("need no such tags where there is no cluster", () => {
    expect(JSON.stringify(stackOf(stacks, "berth-node-network"))).not.toMatch(
      /kubernetes\.io|karpenter/,
    );
  });
});

describe("the queue of interruptions", () => {
  const rules = resources(stack, "aws_cloudwatch_event_rule");

  it("hears of health events, spot interruptions, rebalancing and changes of state", () => {
    const patterns = rules.map(
      (rule) => JSON.parse(String(rule["event_pattern"])) as Record<string, string[]>,
    );
    expect(patterns).toHaveLength(4);
    expect(patterns).toEqual(
      expect.arrayContaining([
        { source: ["aws.health"], "detail-type": ["AWS Health Event"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"] },
      ]),
    );
    const targets = resources(stack, "aws_cloudwatch_event_target");
    expect(targets).toHaveLength(4);
    expect(new Set(targets.map((target) => target["rule"])).size).toBe(4);
    for (const target of targets) expect(target["arn"]).toMatch(/^\$\{aws_sqs_queue\.\w+\.arn\}$/);
  });

  it("has the contract's name, is encrypted, and forgets after five minutes", () => {
    expect(theResource(stack, "aws_sqs_queue")).toEqual({
      name: "berth-eks-karpenter",
      message_retention_seconds: 300,
      sqs_managed_sse_enabled: true,
    });
  });

  it("takes messages from its rules alone, and from nobody without TLS", () => {
    const policy = statementsOf(stacks, id, theResource(stack, "aws_sqs_queue_policy")["policy"]);
    const send = (context: Call["context"], principal = "Service:events.amazonaws.com") =>
      decide(policy, {
        action: "sqs:SendMessage",
        resource: queue,
        principal,
        ...(context ? { context } : {}),
      });
    const rule = (name: string): NonNullable<Call["context"]> => ({
      "aws:SourceArn": `arn:aws:events:eu-central-1:${account}:rule/${name}`,
    });
    for (const { name } of rules as (Block & { name: string })[])
      expect(send(rule(name))).toBe("allowed");
    expect(send(rule("another"))).toBe("refused");
    expect(send({})).toBe("refused");
    expect(send(rule("berth-eks-karpenter-rebalance"), "Service:lambda.amazonaws.com")).toBe(
      "refused",
    );
    expect(send({ ...rule("berth-eks-karpenter-rebalance"), "aws:SecureTransport": "false" })).toBe(
      "denied",
    );
  });
});
