import { awsName, backupsPrefix, modelKey, modelsPrefix, serviceAccounts } from "@berth/contract";
import type { AwsNamePart, ServiceAccount } from "@berth/contract";
import type { Call } from "../support/policy";
import { model } from "../support/fixtures";
import { account } from "../support/resolve-references";

/** One call, in words and as IAM sees it. */
export type Row = readonly [string, Call];

/** What is said of one role. */
export interface RoleTable {
  readonly mayBeTakenBy: readonly Row[];
  readonly mayNotBeTakenBy: readonly Row[];
  readonly may: readonly Row[];
  readonly mayNot: readonly Row[];
  /** AWS' own policies that it has beside, whose statements are not in this repository. @default none */
  readonly managed?: readonly string[];
}

/** The environment whose roles a table is about. */
export interface TableEnvironment {
  readonly name: string;
  readonly region: string;
  readonly modelBucket: string;
  readonly stateBucket: string;
  readonly backupBucket: string;
  readonly clusterName?: string;
  /** Of GitHub: the branch and the environment that its workflows come from. */
  readonly branch: string;
  readonly approval: string;
}

const repository = "repo:berth-example/berth";

const call = (action: string, resource: string, context?: Call["context"]): Call =>
  context ? { action, resource, context } : { action, resource };

/** Taking a role, as a service of AWS. */
const byService = (service: string, context?: Call["context"]): Row => [
  context ? `${service} for account ${String(context["aws:SourceAccount"])}` : service,
  { action: "sts:AssumeRole", principal: `Service:${service}`, ...(context ? { context } : {}) },
];

/** Taking a role, as the pods of a service account. */
const byPods = (cluster: string, { namespace, name }: ServiceAccount): Row => [
  `pods of ${namespace}/${name} in cluster ${cluster}`,
  {
    action: "sts:AssumeRole",
    principal: "Service:pods.eks.amazonaws.com",
    context: {
      "aws:RequestTag/eks-cluster-name": cluster,
      "aws:RequestTag/kubernetes-namespace": namespace,
      "aws:RequestTag/kubernetes-service-account": name,
    },
  },
];

const provider = `Federated:arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;

/** Taking a role, as a workflow. */
const byWorkflow = (subject: string, audience = "sts.amazonaws.com", principal = provider): Row => [
  `a workflow that says ${subject} to ${audience}${principal === provider ? "" : ", by another issuer"}`,
  {
    action: "sts:AssumeRoleWithWebIdentity",
    principal,
    context: {
      "token.actions.githubusercontent.com:aud": audience,
      "token.actions.githubusercontent.com:sub": subject,
    },
  },
];

const strangers: readonly Row[] = [
  byService("lambda.amazonaws.com"),
  [
    "another account",
    { action: "sts:AssumeRole", principal: "AWS:arn:aws:iam::999999999999:root" },
  ],
  [
    "a user of the account",
    { action: "sts:AssumeRole", principal: `AWS:arn:aws:iam::${account}:user/a` },
  ],
];

/** A service that takes its role in the account's name. */
const serviceOfAccount = (
  service: string,
): Pick<RoleTable, "mayBeTakenBy" | "mayNotBeTakenBy"> => ({
  mayBeTakenBy: [byService(service, { "aws:SourceAccount": account })],
  mayNotBeTakenBy: [
    ...strangers,
    byService(service, { "aws:SourceAccount": "999999999999" }),
    byService(service),
  ],
});

/** What no role may do, whatever it is for. */
export function forbiddenToAll({ region, modelBucket, stateBucket }: TableEnvironment): Row[] {
  const admin = `arn:aws:iam::${account}:role/admin`;
  return [
    ["make a user", call("iam:CreateUser", `arn:aws:iam::${account}:user/a`)],
    ["make an access key", call("iam:CreateAccessKey", `arn:aws:iam::${account}:user/a`)],
    ["make a role", call("iam:CreateRole", admin)],
    ["write a policy into a role", call("iam:PutRolePolicy", admin)],
    ["attach a policy to a role", call("iam:AttachRolePolicy", admin)],
    ["change who takes a role", call("iam:UpdateAssumeRolePolicy", admin)],
    [
      "pass another role",
      call("iam:PassRole", admin, { "iam:PassedToService": "ec2.amazonaws.com" }),
    ],
    ["take another role", call("sts:AssumeRole", admin)],
    ["list all buckets", call("s3:ListAllMyBuckets", "*")],
    ["read another bucket", call("s3:GetObject", "arn:aws:s3:::other/models/a")],
    ["write another bucket", call("s3:PutObject", "arn:aws:s3:::other/models/a")],
    ["delete a model", call("s3:DeleteObject", `arn:aws:s3:::${modelBucket}/${modelsPrefix}/a`)],
    ["delete an old version", call("s3:DeleteObjectVersion", `arn:aws:s3:::${modelBucket}/a`)],
    ["delete the bucket of models", call("s3:DeleteBucket", `arn:aws:s3:::${modelBucket}`)],
    ["delete the bucket of states", call("s3:DeleteBucket", `arn:aws:s3:::${stateBucket}`)],
    ["open the bucket of states", call("s3:PutBucketPolicy", `arn:aws:s3:::${stateBucket}`)],
    [
      "read a secret of another",
      call(
        "secretsmanager:GetSecretValue",
        `arn:aws:secretsmanager:${region}:${account}:secret:other/a`,
      ),
    ],
    [
      "run commands on a machine",
      call("ssm:SendCommand", `arn:aws:ec2:${region}:${account}:instance/i-1`),
    ],
    [
      "end a machine without tags",
      call("ec2:TerminateInstances", `arn:aws:ec2:${region}:${account}:instance/i-1`),
    ],
    ["delete a disk", call("ec2:DeleteVolume", `arn:aws:ec2:${region}:${account}:volume/vol-1`)],
    [
      "delete a snapshot without tags",
      call("ec2:DeleteSnapshot", `arn:aws:ec2:${region}::snapshot/snap-1`),
    ],
    ["delete a key", call("kms:ScheduleKeyDeletion", `arn:aws:kms:${region}:${account}:key/a`)],
    ["delete a log", call("logs:DeleteLogGroup", `arn:aws:logs:${region}:${account}:log-group:/a`)],
    [
      "delete the table of locks",
      call("dynamodb:DeleteTable", `arn:aws:dynamodb:${region}:${account}:table/a`),
    ],
    [
      "stop the trail",
      call("cloudtrail:StopLogging", `arn:aws:cloudtrail:${region}:${account}:trail/a`),
    ],
  ];
}

/** The tables of an environment's roles, by what the role is named after. */
export function roleTables(environment: TableEnvironment): Partial<Record<AwsNamePart, RoleTable>> {
  const { region, modelBucket, stateBucket, backupBucket, branch, approval } = environment;
  const { clusterName: cluster = "berth" } = environment;
  const models = `arn:aws:s3:::${modelBucket}`;
  const backups = `arn:aws:s3:::${backupBucket}`;
  const states = `arn:aws:s3:::${stateBucket}`;
  const weights = `${models}/${modelKey(model, "model.onnx")}`;
  const here = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  const name = (part: AwsNamePart) => awsName(environment, part);
  const role = (part: AwsNamePart) => `arn:aws:iam::${account}:role/${name(part)}`;
  const state = (layer: string) =>
    `${states}/${name("state").replace(/state$/, layer)}/terraform.tfstate`;
  const tagged = (of: "ResourceTag" | "RequestTag", environmentName = environment.name) => ({
    [`aws:${of}/project`]: "berth",
    [`aws:${of}/environment`]: environmentName,
  });
  const pass = (part: AwsNamePart, service: string): Call =>
    call("iam:PassRole", role(part), { "iam:PassedToService": service });

  const readsModels: readonly Row[] = [
    ["read the served model", call("s3:GetObject", weights)],
    ["list its prefix", call("s3:ListBucket", models, { "s3:prefix": `${modelsPrefix}/` })],
  ];
  const readsNoMore: readonly Row[] = [
    ["read another prefix", call("s3:GetObject", `${models}/${modelsPrefix}-old/a`)],
    ["list the whole bucket", call("s3:ListBucket", models)],
    ["list another prefix", call("s3:ListBucket", models, { "s3:prefix": "private/" })],
    ["read an old version", call("s3:GetObjectVersion", weights)],
  ];
  const writesNoModel: Row = ["write a model", call("s3:PutObject", weights)];
  const writesBackups: Row = [
    "write a backup",
    call("s3:PutObject", `${backups}/${backupsPrefix}/a`),
  ];
  const noMoreOfBackups: readonly Row[] = [
    ["write beside the backups", call("s3:PutObject", `${backups}/a`)],
    ["read a backup", call("s3:GetObject", `${backups}/${backupsPrefix}/a`)],
    ["delete a backup", call("s3:DeleteObject", `${backups}/${backupsPrefix}/a`)],
    ["list the backups", call("s3:ListBucket", backups, { "s3:prefix": backupsPrefix })],
  ];
  const answersSessionManager: Row = [
    "answer Session Manager",
    call("ssmmessages:OpenDataChannel", "*"),
  ];
  const otherBranches: readonly Row[] = [
    byWorkflow("repo:somebody/berth:ref:refs/heads/main"),
    byWorkflow("repo:berth-example/other:ref:refs/heads/main"),
    byWorkflow(`${repository}:ref:refs/heads/a-branch`),
    byWorkflow(`${repository}:ref:refs/tags/v1`),
    byWorkflow(`${repository}:ref:refs/heads/${branch}`, "https://github.com/berth-example"),
    byWorkflow(
      `${repository}:ref:refs/heads/${branch}`,
      "sts.amazonaws.com",
      `Federated:arn:aws:iam::${account}:oidc-provider/gitlab.com`,
    ),
  ];
  const machines = { mayBeTakenBy: [byService("ec2.amazonaws.com")], mayNotBeTakenBy: strangers };
  const pods = (serviceAccount: ServiceAccount) => ({
    mayBeTakenBy: [byPods(cluster, serviceAccount)],
    mayNotBeTakenBy: [
      ...strangers,
      byPods("other", serviceAccount),
      byPods(cluster, { ...serviceAccount, namespace: "default" }),
      byPods(cluster, { ...serviceAccount, name: "default" }),
    ],
  });

  return {
    node: {
      ...machines,
      may: [...readsModels, writesBackups, answersSessionManager],
      mayNot: [...readsNoMore, writesNoModel, ...noMoreOfBackups],
    },
    service: {
      ...pods(serviceAccounts.service),
      may: readsModels,
      mayNot: [...readsNoMore, writesNoModel, writesBackups, ...noMoreOfBackups],
    },
    backup: {
      ...pods(serviceAccounts.backup),
      may: [writesBackups],
      mayNot: [...readsModels, writesNoModel, ...noMoreOfBackups],
    },
    "external-secrets": {
      ...pods(serviceAccounts.externalSecrets),
      may: [
        [
          "read a secret of the environment",
          call(
            "secretsmanager:GetSecretValue",
            here("secretsmanager", `secret:berth/${environment.name}/a`),
          ),
        ],
      ],
      mayNot: [
        [
          "read a secret of an environment whose name begins alike",
          call(
            "secretsmanager:GetSecretValue",
            here("secretsmanager", `secret:berth/${environment.name}-b/a`),
          ),
        ],
        [
          "change a secret",
          call(
            "secretsmanager:PutSecretValue",
            here("secretsmanager", `secret:berth/${environment.name}/a`),
          ),
        ],
        ["list secrets", call("secretsmanager:ListSecrets", "*")],
        ...readsModels,
      ],
    },
    plan: {
      mayBeTakenBy: [
        byWorkflow(`${repository}:pull_request`),
        byWorkflow(`${repository}:ref:refs/heads/${branch}`),
      ],
      mayNotBeTakenBy: [
        ...strangers,
        ...otherBranches,
        byWorkflow("repo:somebody/berth:pull_request"),
      ],
      may: [
        ["look at machines", call("ec2:DescribeInstances", "*")],
        ["look at a bucket's settings", call("s3:GetBucketVersioning", models)],
        ["read a state", call("s3:GetObject", state("network"))],
        ["lock a state", call("s3:PutObject", `${state("network")}.tflock`)],
        ["look at a role", call("iam:GetRole", role("plan"))],
      ],
      mayNot: [
        ["write a state", call("s3:PutObject", state("network"))],
        ["delete a state", call("s3:DeleteObject", state("network"))],
        ["read a model", call("s3:GetObject", weights)],
        writesNoModel,
        ...noMoreOfBackups.slice(0, 3),
        [
          "start a machine",
          call("ec2:RunInstances", here("ec2", "instance/*"), tagged("RequestTag")),
        ],
        [
          "end a machine",
          call("ec2:TerminateInstances", here("ec2", "instance/i-1"), tagged("ResourceTag")),
        ],
        ["pass the machine's role", pass("node", "ec2.amazonaws.com")],
        ["look at another's role", call("iam:GetRole", `arn:aws:iam::${account}:role/admin`)],
      ],
    },
    deploy: {
      mayBeTakenBy: [byWorkflow(`${repository}:environment:${approval}`)],
      mayNotBeTakenBy: [
        ...strangers,
        ...otherBranches,
        byWorkflow(`${repository}:pull_request`),
        byWorkflow(`${repository}:ref:refs/heads/${branch}`),
        byWorkflow(`${repository}:environment:other`),
        byWorkflow(`repo:somebody/berth:environment:${approval}`),
      ],
      may: [
        ["write the network's state", call("s3:PutObject", state("network"))],
        [
          "make a VPC with the environment's tags",
          call("ec2:CreateVpc", here("ec2", "vpc/*"), tagged("RequestTag")),
        ],
        [
          "end a machine of the environment",
          call("ec2:TerminateInstances", here("ec2", "instance/i-1"), tagged("ResourceTag")),
        ],
        ["set up the bucket of models", call("s3:PutBucketVersioning", models)],
        ["pass the flow logs' role to flow logs", pass("flow-logs", "vpc-flow-logs.amazonaws.com")],
      ],
      mayNot: [
        ["write the identity's state", call("s3:PutObject", state("identity"))],
        ["write the state of the states", call("s3:PutObject", state("state"))],
        ["make a VPC without tags", call("ec2:CreateVpc", here("ec2", "vpc/*"))],
        [
          "end a machine of another environment",
          call(
            "ec2:TerminateInstances",
            here("ec2", "instance/i-1"),
            tagged("ResourceTag", "other"),
          ),
        ],
        ["pass the flow logs' role to a machine", pass("flow-logs", "ec2.amazonaws.com")],
        ["pass its own role", pass("deploy", "ec2.amazonaws.com")],
        ["write its own policy", call("iam:PutRolePolicy", role("deploy"))],
        ["read a model", call("s3:GetObject", weights)],
        writesNoModel,
        ...noMoreOfBackups.slice(0, 3),
      ],
    },
    "publish-model": {
      mayBeTakenBy: [byWorkflow(`${repository}:ref:refs/heads/${branch}`)],
      mayNotBeTakenBy: [...strangers, ...otherBranches, byWorkflow(`${repository}:pull_request`)],
      may: [...readsModels, ["write a model", call("s3:PutObject", weights)]],
      mayNot: [
        ["write beside the models", call("s3:PutObject", `${models}/a`)],
        [
          "write under a prefix that begins alike",
          call("s3:PutObject", `${models}/${modelsPrefix}-old/a`),
        ],
        ["list the whole bucket", call("s3:ListBucket", models)],
        ["write a backup", call("s3:PutObject", `${backups}/${backupsPrefix}/a`)],
        ["write a state", call("s3:PutObject", state("network"))],
        ["change the bucket", call("s3:PutBucketPolicy", models)],
      ],
    },
    "flow-logs": {
      ...serviceOfAccount("vpc-flow-logs.amazonaws.com"),
      may: [
        [
          "write its log",
          call(
            "logs:PutLogEvents",
            here("logs", `log-group:/berth/${environment.name}/flow-logs:log-stream:a`),
          ),
        ],
      ],
      mayNot: [
        [
          "write another log",
          call("logs:PutLogEvents", here("logs", "log-group:/other:log-stream:a")),
        ],
        [
          "read its log",
          call(
            "logs:GetLogEvents",
            here("logs", `log-group:/berth/${environment.name}/flow-logs:log-stream:a`),
          ),
        ],
        ...readsModels,
      ],
    },
    replication: {
      ...serviceOfAccount("s3.amazonaws.com"),
      may: [
        ["read a new object", call("s3:GetObjectVersionForReplication", weights)],
        [
          "write its copy",
          call("s3:ReplicateObject", `${models}-replica/${modelKey(model, "model.onnx")}`),
        ],
      ],
      mayNot: [
        ["copy a deletion", call("s3:ReplicateDelete", `${models}-replica/a`)],
        ["write the original", call("s3:ReplicateObject", weights)],
        ["copy a state", call("s3:GetObjectVersionForReplication", state("network"))],
      ],
    },
    snapshots: {
      ...serviceOfAccount("dlm.amazonaws.com"),
      may: [
        [
          "read a disk that is tagged for it",
          call("ec2:CreateSnapshot", here("ec2", "volume/vol-1"), {
            "aws:ResourceTag/snapshots": name("snapshots"),
          }),
        ],
        [
          "delete its own snapshot",
          call("ec2:DeleteSnapshot", `arn:aws:ec2:${region}::snapshot/snap-1`, {
            "aws:ResourceTag/snapshots": name("snapshots"),
          }),
        ],
      ],
      mayNot: [
        ["read another disk", call("ec2:CreateSnapshot", here("ec2", "volume/vol-1"))],
        [
          "delete another's snapshot",
          call("ec2:DeleteSnapshot", `arn:aws:ec2:${region}::snapshot/snap-1`, {
            "aws:ResourceTag/snapshots": "other",
          }),
        ],
        [
          "share a snapshot",
          call("ec2:ModifySnapshotAttribute", `arn:aws:ec2:${region}::snapshot/snap-1`, {
            "aws:ResourceTag/snapshots": name("snapshots"),
          }),
        ],
      ],
    },
    cluster: {
      mayBeTakenBy: [byService("eks.amazonaws.com")],
      mayNotBeTakenBy: [...strangers, byService("ec2.amazonaws.com")],
      may: [],
      mayNot: [...readsModels, ["use another key", call("kms:Decrypt", here("kms", "key/other"))]],
      managed: ["AmazonEKSClusterPolicy"],
    },
    "cluster-nodes": {
      ...machines,
      may: [answersSessionManager],
      mayNot: [...readsModels, ...noMoreOfBackups, writesNoModel],
      managed: ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"],
    },
    "karpenter-node": {
      ...machines,
      may: [answersSessionManager],
      mayNot: [...readsModels, ...noMoreOfBackups, writesNoModel],
      managed: ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"],
    },
    "cluster-network": {
      ...pods(serviceAccounts.vpcCni),
      may: [],
      mayNot: readsModels,
      managed: ["AmazonEKS_CNI_Policy"],
    },
    "cluster-disks": {
      ...pods(serviceAccounts.ebsCsi),
      may: [],
      mayNot: readsModels,
      managed: ["AmazonEBSCSIDriverPolicyV2"],
    },
    karpenter: {
      ...pods(serviceAccounts.karpenter),
      may: [
        ["give its machines their role", pass("karpenter-node", "ec2.amazonaws.com")],
        ["hear of interruptions", call("sqs:ReceiveMessage", here("sqs", name("karpenter")))],
      ],
      mayNot: [
        ["give its machines another role", pass("cluster-nodes", "ec2.amazonaws.com")],
        ["give its machines' role to a function", pass("karpenter-node", "lambda.amazonaws.com")],
        [
          "start a machine without the cluster's tags",
          call("ec2:RunInstances", here("ec2", "instance/*")),
        ],
        ...readsModels,
      ],
    },
  };
}
