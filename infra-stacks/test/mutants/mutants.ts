import type { Block } from "../support/stack-json";
import { nested } from "../invariants/invariant";
import { add, conditionOn, remove, statement, the } from "./mutant";
import type { Mutant } from "./mutant";

const state = "berth-node-spot-state";
const network = "berth-node-spot-network";
const storage = "berth-node-spot-storage";
const identity = "berth-node-spot-identity";
const node = "berth-node-spot-node";
const backup = "berth-node-spot-backup";
const cluster = "berth-eks-full-cluster";
const podIdentity = "berth-eks-full-identity";

/** A rule of a firewall that lets anybody in at some ports. */
const opened = (ports: Block): Block => ({
  security_group_id: "${aws_security_group.web_group.id}",
  cidr_ipv4: "0.0.0.0/0",
  ip_protocol: "tcp",
  description: "Opened",
  ...ports,
});

/** Whether a statement allows an action. */
const allows = (action: string) => (one: { readonly actions: readonly string[] }) =>
  one.actions.includes(action);

const s3State = (stack: { terraform: { backend: Record<string, Block> } }) =>
  stack.terraform.backend["s3"] as Block;

const stateMutants: readonly Mutant[] = [
  {
    name: "a state that is not encrypted",
    stack: network,
    mutate: (stack) => (s3State(stack)["encrypt"] = false),
    caughtBy: "states are encrypted",
  },
  {
    name: "a state without its lock file",
    stack: node,
    mutate: (stack) => delete s3State(stack)["use_lockfile"],
    caughtBy: "states are locked, for new clients and old",
  },
  {
    name: "a state that old clients do not lock",
    stack: storage,
    mutate: (stack) => delete s3State(stack)["dynamodb_table"],
    caughtBy: "states are locked, for new clients and old",
  },
  {
    name: "two stacks with one state",
    stack: node,
    mutate: (stack) => (s3State(stack)["key"] = `${network}/terraform.tfstate`),
    caughtBy: "every stack has a state of its own",
  },
  {
    name: "a state bucket that a plan may destroy",
    stack: state,
    mutate: (stack) => delete the(stack, "aws_s3_bucket")["lifecycle"],
    caughtBy: "no plan destroys the states",
  },
  {
    name: "a lock table that anybody may delete",
    stack: state,
    mutate: (stack) => (the(stack, "aws_dynamodb_table")["deletion_protection_enabled"] = false),
    caughtBy: "no plan destroys a lock table, and it can be brought back",
  },
  {
    name: "a lock table that cannot be brought back",
    stack: state,
    mutate: (stack) => delete the(stack, "aws_dynamodb_table")["point_in_time_recovery"],
    caughtBy: "no plan destroys a lock table, and it can be brought back",
  },
  {
    name: "an access key in a provider",
    stack: node,
    mutate: (stack) => Object.assign(stack.provider?.["aws"]?.[0] ?? {}, { access_key: "AKIA" }),
    caughtBy: "providers hold no credentials",
  },
  {
    name: "resources without an owner",
    stack: node,
    mutate: (stack) =>
      delete nested(nested(stack.provider?.["aws"]?.[0] ?? {}, "default_tags"), "tags")["owner"],
    caughtBy: "everything is tagged, by whom it is for and who pays",
  },
];

const bucketMutants: readonly Mutant[] = [
  {
    name: "a public bucket",
    stack: storage,
    mutate: (stack) => remove(stack, "aws_s3_bucket_public_access_block"),
    caughtBy: "buckets are not public",
  },
  {
    name: "a bucket that takes public policies",
    stack: state,
    mutate: (stack) => {
      the(stack, "aws_s3_bucket_public_access_block")["restrict_public_buckets"] = false;
    },
    caughtBy: "buckets are not public",
  },
  {
    name: "a bucket whose access list lets everybody read",
    stack: storage,
    mutate: (stack) =>
      add(stack, "aws_s3_bucket_acl", { bucket: "${aws_s3_bucket.a.id}", acl: "public-read" }),
    caughtBy: "buckets have no access lists",
  },
  {
    name: "a bucket without versions",
    stack: storage,
    mutate: (stack) => remove(stack, "aws_s3_bucket_versioning"),
    caughtBy: "buckets are versioned",
  },
  {
    name: "a bucket whose versions are suspended",
    stack: state,
    mutate: (stack) => {
      const versioning = the(stack, "aws_s3_bucket_versioning");
      nested(versioning, "versioning_configuration")["status"] = "Suspended";
    },
    caughtBy: "buckets are versioned",
  },
  {
    name: "a bucket that is not encrypted",
    stack: storage,
    mutate: (stack) => remove(stack, "aws_s3_bucket_server_side_encryption_configuration"),
    caughtBy: "buckets are encrypted",
  },
  {
    name: "a bucket whose objects are others'",
    stack: storage,
    mutate: (stack) => {
      nested(the(stack, "aws_s3_bucket_ownership_controls"), "rule")["object_ownership"] =
        "ObjectWriter";
    },
    caughtBy: "buckets own their objects",
  },
  {
    name: "a bucket that is reached without TLS",
    stack: storage,
    mutate: (stack) => remove(stack, "aws_s3_bucket_policy"),
    caughtBy: "buckets are reached over TLS only",
  },
  {
    name: "a bucket whose objects, but not itself, are reached over TLS only",
    stack: state,
    mutate: (stack) => {
      const denial = statement(stack, "state_tls-only");
      denial.resources = denial.resources?.slice(1);
    },
    caughtBy: "buckets are reached over TLS only",
  },
  {
    name: "a bucket that denies what comes over TLS",
    stack: state,
    mutate: (stack) => {
      conditionOn(statement(stack, "state_tls-only"), /SecureTransport/).values = ["true"];
    },
    caughtBy: "buckets are reached over TLS only",
  },
  {
    name: "a bucket that keeps uploads that were given up",
    stack: storage,
    mutate: (stack) => remove(stack, "aws_s3_bucket_lifecycle_configuration"),
    caughtBy: "buckets drop what nobody will ever read",
  },
  {
    name: "a bucket that is destroyed with what it holds",
    stack: storage,
    mutate: (stack) => (the(stack, "aws_s3_bucket", "models")["force_destroy"] = true),
    caughtBy: "buckets are not destroyed with what they hold",
  },
  {
    name: "copies that are deleted with the original",
    stack: storage,
    mutate: (stack) => {
      const rule = nested(the(stack, "aws_s3_bucket_replication_configuration"), "rule");
      nested(rule, "delete_marker_replication")["status"] = "Enabled";
    },
    caughtBy: "copies keep what is deleted",
  },
];

const networkMutants: readonly Mutant[] = [
  {
    name: "SSH open to everyone",
    stack: node,
    mutate: (stack) =>
      add(stack, "aws_vpc_security_group_ingress_rule", opened({ from_port: 22, to_port: 22 })),
    caughtBy: "SSH is open to nobody",
  },
  {
    name: "SSH open to one network",
    stack: node,
    mutate: (stack) =>
      add(
        stack,
        "aws_vpc_security_group_ingress_rule",
        opened({ from_port: 20, to_port: 25, cidr_ipv4: "192.0.2.0/24" }),
      ),
    caughtBy: "SSH is open to nobody",
  },
  {
    name: "every port open to everyone",
    stack: node,
    mutate: (stack) =>
      add(stack, "aws_vpc_security_group_ingress_rule", opened({ ip_protocol: "-1" })),
    caughtBy: "only the web's ports are open to everyone",
  },
  {
    name: "MongoDB open to everyone, over IPv6",
    stack: node,
    mutate: (stack) =>
      add(
        stack,
        "aws_vpc_security_group_ingress_rule",
        opened({ from_port: 27_017, to_port: 27_017, cidr_ipv4: undefined, cidr_ipv6: "::/0" }),
      ),
    caughtBy: "only the web's ports are open to everyone",
  },
  {
    name: "a machine that reaches every port outside",
    stack: node,
    mutate: (stack) =>
      add(stack, "aws_vpc_security_group_egress_rule", opened({ ip_protocol: "-1" })),
    caughtBy: "only the web's ports are reached outside",
  },
  {
    name: "a firewall with rules inside it",
    stack: node,
    mutate: (stack) => {
      the(stack, "aws_security_group")["ingress"] = [{ from_port: 22, to_port: 22 }];
    },
    caughtBy: "firewalls have their rules beside them",
  },
  {
    name: "a rule of the older kind",
    stack: node,
    mutate: (stack) => add(stack, "aws_security_group_rule", { type: "ingress", to_port: 22 }),
    caughtBy: "firewalls have no rules but those that these checks read",
  },
  {
    name: "a rule that nobody knows the reason of",
    stack: node,
    mutate: (stack) => delete the(stack, "aws_vpc_security_group_ingress_rule")["description"],
    caughtBy: "rules of firewalls say what they are for",
  },
  {
    name: "flow logs gone",
    stack: network,
    mutate: (stack) => remove(stack, "aws_flow_log"),
    caughtBy: "every connection is recorded",
  },
  {
    name: "flow logs of what was let through only",
    stack: network,
    mutate: (stack) => (the(stack, "aws_flow_log")["traffic_type"] = "ACCEPT"),
    caughtBy: "every connection is recorded",
  },
  {
    name: "a default security group as AWS makes it",
    stack: network,
    mutate: (stack) => remove(stack, "aws_default_security_group"),
    caughtBy: "the default security group lets nothing through",
  },
  {
    name: "a default security group that lets things out",
    stack: network,
    mutate: (stack) => {
      the(stack, "aws_default_security_group")["egress"] = [{ protocol: "-1" }];
    },
    caughtBy: "the default security group lets nothing through",
  },
  {
    name: "a subnet that gives out public addresses",
    stack: network,
    mutate: (stack) =>
      (the(stack, "aws_subnet", "network_private")["map_public_ip_on_launch"] = true),
    caughtBy: "subnets give out no public addresses",
  },
  {
    name: "a private subnet with a way in",
    stack: network,
    mutate: (stack) => {
      const [name] =
        Object.keys(stack.resource?.["aws_route_table"] ?? {}).filter((one) =>
          one.startsWith("network_private"),
        ) ?? [];
      add(stack, "aws_route", {
        route_table_id: `\${aws_route_table.${name ?? ""}.id}`,
        destination_cidr_block: "0.0.0.0/0",
        gateway_id: "${aws_internet_gateway.network.id}",
      });
    },
    caughtBy: "only public subnets reach the internet gateway",
  },
  {
    name: "S3 reached over the internet",
    stack: network,
    mutate: (stack) =>
      (the(stack, "aws_vpc_endpoint", "network_s3")["vpc_endpoint_type"] = "Interface"),
    caughtBy: "S3 and DynamoDB are reached within AWS",
  },
];

const identityMutants: readonly Mutant[] = [
  {
    name: "a user",
    stack: identity,
    mutate: (stack) => add(stack, "aws_iam_user", { name: "deploy" }),
    caughtBy: "there are no users, groups or access keys",
  },
  {
    name: "an access key",
    stack: identity,
    mutate: (stack) => add(stack, "aws_iam_access_key", { user: "deploy" }),
    caughtBy: "there are no users, groups or access keys",
  },
  {
    name: "* as an action",
    stack: identity,
    mutate: (stack) => (statement(stack, "node_permissions").actions = ["*"]),
    caughtBy: "no role may do everything, or all of a service",
  },
  {
    name: "every action of S3",
    stack: podIdentity,
    mutate: (stack) => (statement(stack, "service_permissions").actions = ["s3:*"]),
    caughtBy: "no role may do everything, or all of a service",
  },
  {
    name: "* as a resource",
    stack: identity,
    mutate: (stack) =>
      (statement(stack, "node_permissions", allows("s3:GetObject")).resources = ["*"]),
    caughtBy: "what a role may do names its resources",
  },
  {
    name: "everything but one resource",
    stack: identity,
    mutate: (stack) =>
      Object.assign(statement(stack, "node_permissions"), { not_resources: ["arn:aws:s3:::a"] }),
    caughtBy: "statements say what they are about, not all but that",
  },
  {
    name: "* as the principal of a role",
    stack: identity,
    mutate: (stack) => {
      statement(stack, "node_trust").principals = [{ type: "AWS", identifiers: ["*"] }];
    },
    caughtBy: "no policy lets everybody in",
  },
  {
    name: "* as the principal of a bucket",
    stack: storage,
    mutate: (stack) => (statement(stack, "models_tls-only").effect = "Allow"),
    caughtBy: "no policy lets everybody in",
  },
  {
    name: "a policy written as a text",
    stack: identity,
    mutate: (stack) => (the(stack, "aws_iam_role_policy", "node")["policy"] = '{"Statement":[]}'),
    caughtBy: "policies are documents that these checks read",
  },
  {
    name: "a workflow's subject with a wildcard",
    stack: identity,
    mutate: (stack) => {
      const subject = conditionOn(statement(stack, "github_deploy_trust"), /:sub$/);
      subject.values = ["repo:berth-example/berth:*"];
    },
    caughtBy: "workflows are named exactly",
  },
  {
    name: "a workflow of any repository of the organization",
    stack: identity,
    mutate: (stack) => {
      const subject = conditionOn(statement(stack, "github_plan_trust"), /:sub$/);
      Object.assign(subject, { test: "StringLike", values: ["repo:berth-example/*"] });
    },
    caughtBy: "workflows are named exactly",
  },
  {
    name: "a workflow of any repository on GitHub",
    stack: podIdentity,
    mutate: (stack) => {
      const trust = statement(stack, "github_publish-model_trust");
      trust.condition = trust.condition?.filter(({ variable }) => !variable.endsWith(":sub"));
    },
    caughtBy: "workflows are named exactly",
  },
  {
    name: "a workflow's token for somebody else",
    stack: identity,
    mutate: (stack) => {
      conditionOn(statement(stack, "github_deploy_trust"), /:aud$/).values = ["https://github.com"];
    },
    caughtBy: "workflows are named exactly",
  },
  {
    name: "tokens of another issuer",
    stack: podIdentity,
    mutate: (stack) => {
      the(stack, "aws_iam_openid_connect_provider")["url"] = "https://gitlab.com";
    },
    caughtBy: "only GitHub's workflows come with tokens of another's",
  },
  {
    name: "a role that is passed to any service",
    stack: identity,
    mutate: (stack) =>
      delete statement(stack, "github_deploy_permissions", allows("iam:PassRole")).condition,
    caughtBy: "roles are passed one by one, each to a named service",
  },
  {
    name: "any role passed to a machine",
    stack: identity,
    mutate: (stack) => {
      statement(stack, "github_deploy_permissions", allows("iam:PassRole")).resources = [
        "arn:aws:iam::123456789012:role/*",
      ];
    },
    caughtBy: "roles are passed one by one, each to a named service",
  },
  {
    name: "a workflow that writes its own policy",
    stack: identity,
    mutate: (stack) => {
      statement(stack, "github_deploy_permissions", allows("iam:PassRole")).actions = [
        "iam:PassRole",
        "iam:PutRolePolicy",
      ];
    },
    caughtBy: "no role can make or change roles",
  },
  {
    name: "a role with AWS' policy for administrators",
    stack: identity,
    mutate: (stack) =>
      add(stack, "aws_iam_role_policy_attachment", {
        role: "berth-node-spot-deploy",
        policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
    caughtBy: "AWS' own policies are given only where EKS needs them",
  },
  {
    name: "a policy inside a role",
    stack: identity,
    mutate: (stack) =>
      (the(stack, "aws_iam_role")["inline_policy"] = [{ name: "a", policy: "{}" }]),
    caughtBy: "roles have no policies but those beside them",
  },
  {
    name: "flow logs written for anybody's account",
    stack: network,
    mutate: (stack) => delete statement(stack, "flow-logs_writer_trust").condition,
    caughtBy: "services take roles for this account only",
  },
  {
    name: "a role for the pods of every service account",
    stack: podIdentity,
    mutate: (stack) => {
      const trust = statement(stack, "service_trust");
      trust.condition = trust.condition?.filter(
        ({ variable }) => !variable.endsWith("kubernetes-service-account"),
      );
    },
    caughtBy: "pods take roles by cluster, namespace and service account",
  },
  {
    name: "a role for the pods of every cluster",
    stack: cluster,
    mutate: (stack) => {
      const trust = statement(stack, "karpenter_controller_trust");
      trust.condition = trust.condition?.filter(
        ({ variable }) => !variable.endsWith("eks-cluster-name"),
      );
    },
    caughtBy: "pods take roles by cluster, namespace and service account",
  },
  {
    name: "the backups' role writing everywhere in its bucket",
    stack: podIdentity,
    mutate: (stack) => {
      const write = statement(stack, "backup_permissions", allows("s3:PutObject"));
      write.resources = write.resources?.map((one) => one.replace(/\/backups\/\*$/, "/*"));
    },
    caughtBy: "objects are written under a prefix, or one by one",
  },
  {
    name: "a machine that reads the whole bucket",
    stack: identity,
    mutate: (stack) => {
      const read = statement(stack, "node_permissions", allows("s3:GetObject"));
      read.resources = read.resources?.map((one) => one.replace(/\/models\/\*$/, "/*"));
    },
    caughtBy: "objects are read under a prefix, or one by one",
  },
  {
    name: "every secret of the account",
    stack: podIdentity,
    mutate: (stack) => {
      const read = statement(stack, "external-secrets_permissions");
      read.resources = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:*"];
    },
    caughtBy: "secrets are read under a prefix",
  },
];

const machineMutants: readonly Mutant[] = [
  {
    name: "IMDSv1 on a machine",
    stack: node,
    mutate: (stack) => {
      nested(the(stack, "aws_instance"), "metadata_options")["http_tokens"] = "optional";
    },
    caughtBy: "metadata is answered to a token only (IMDSv2)",
  },
  {
    name: "IMDSv1 on the machines of a cluster",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_launch_template")["metadata_options"],
    caughtBy: "metadata is answered to a token only (IMDSv2)",
  },
  ...[1, 64].map((limit): Mutant => ({
    name: `metadata with a hop limit of ${limit}`,
    stack: node,
    mutate: (stack) => {
      nested(the(stack, "aws_instance"), "metadata_options")["http_put_response_hop_limit"] = limit;
    },
    caughtBy: "metadata reaches a pod in kind, and not beyond",
  })),
  {
    name: "metadata that pods on EKS reach",
    stack: cluster,
    mutate: (stack) => {
      nested(the(stack, "aws_launch_template"), "metadata_options")["http_put_response_hop_limit"] =
        2;
    },
    caughtBy: "metadata reaches no pod on EKS",
  },
  {
    name: "an unencrypted root volume",
    stack: node,
    mutate: (stack) => delete nested(the(stack, "aws_instance"), "root_block_device")["encrypted"],
    caughtBy: "disks are encrypted",
  },
  {
    name: "an unencrypted data volume",
    stack: storage,
    mutate: (stack) => (the(stack, "aws_ebs_volume")["encrypted"] = false),
    caughtBy: "disks are encrypted",
  },
  {
    name: "unencrypted disks of a cluster's machines",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_launch_template")["block_device_mappings"],
    caughtBy: "disks are encrypted",
  },
  {
    name: "a data volume that a plan may destroy",
    stack: storage,
    mutate: (stack) => delete the(stack, "aws_ebs_volume")["lifecycle"],
    caughtBy: "no plan destroys a disk with data",
  },
  {
    name: "a data volume without a last snapshot",
    stack: storage,
    mutate: (stack) => (the(stack, "aws_ebs_volume")["final_snapshot"] = false),
    caughtBy: "no plan destroys a disk with data",
  },
  {
    name: "a data volume that no snapshot is taken of",
    stack: storage,
    mutate: (stack) => (the(stack, "aws_ebs_volume")["tags"] = { Name: "data" }),
    caughtBy: "snapshots are taken of disks with data",
  },
  {
    name: "snapshots switched off",
    stack: backup,
    mutate: (stack) => (the(stack, "aws_dlm_lifecycle_policy")["state"] = "DISABLED"),
    caughtBy: "snapshots are taken for good",
  },
  {
    name: "one snapshot kept",
    stack: backup,
    mutate: (stack) => {
      const details = nested(the(stack, "aws_dlm_lifecycle_policy"), "policy_details");
      nested(nested(details, "schedule"), "retain_rule")["count"] = 1;
    },
    caughtBy: "snapshots are taken for good",
  },
  {
    name: "a key of SSH",
    stack: node,
    mutate: (stack) => (the(stack, "aws_instance")["key_name"] = "admin"),
    caughtBy: "machines have no key of SSH",
  },
  {
    name: "a second public address",
    stack: node,
    mutate: (stack) => (the(stack, "aws_instance")["associate_public_ip_address"] = true),
    caughtBy: "machines ask for no public address of their own",
  },
  {
    name: "a password in user data",
    stack: node,
    mutate: (stack) => (the(stack, "aws_instance")["user_data"] = "MONGODB_PASSWORD=hunter2"),
    caughtBy: "user data does nothing, and holds no secret",
  },
  {
    name: "a machine that stays broken",
    stack: node,
    mutate: (stack) => remove(stack, "aws_cloudwatch_metric_alarm"),
    caughtBy: "a machine that breaks is moved or started again",
  },
  {
    name: "an address that goes with its machine",
    stack: node,
    mutate: (stack) => (the(stack, "aws_eip")["instance"] = "${aws_instance.machine.id}"),
    caughtBy: "addresses outlive machines",
  },
];

const clusterMutants: readonly Mutant[] = [
  {
    name: "a cluster's API open to everyone",
    stack: cluster,
    mutate: (stack) => {
      nested(the(stack, "aws_eks_cluster"), "vpc_config")["public_access_cidrs"] = ["0.0.0.0/0"];
    },
    caughtBy: "a cluster's API is reached from its VPC, and from named networks",
  },
  {
    name: "a cluster's API open to everyone by default",
    stack: cluster,
    mutate: (stack) =>
      delete nested(the(stack, "aws_eks_cluster"), "vpc_config")["public_access_cidrs"],
    caughtBy: "a cluster's API is reached from its VPC, and from named networks",
  },
  {
    name: "a cluster whose machines go out to reach their API",
    stack: cluster,
    mutate: (stack) => {
      nested(the(stack, "aws_eks_cluster"), "vpc_config")["endpoint_private_access"] = false;
    },
    caughtBy: "a cluster's API is reached from its VPC, and from named networks",
  },
  {
    name: "a cluster's secrets without a key of its own",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_eks_cluster")["encryption_config"],
    caughtBy: "a cluster's secrets are encrypted with its own key",
  },
  {
    name: "a cluster without an audit log",
    stack: cluster,
    mutate: (stack) => (the(stack, "aws_eks_cluster")["enabled_cluster_log_types"] = ["api"]),
    caughtBy: "a cluster logs everything that its control plane can",
  },
  {
    name: "a cluster whose maker may do everything",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_eks_cluster")["access_config"],
    caughtBy: "a cluster lets in whom an access entry names, not who made it",
  },
  {
    name: "a cluster's machines in public subnets",
    stack: cluster,
    mutate: (stack) => (the(stack, "aws_eks_node_group")["subnet_ids"] = ["public-eu-central-1a"]),
    caughtBy: "a cluster's machines are in private subnets",
  },
  {
    name: "a cluster's machines replaced all at once",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_eks_node_group")["update_config"],
    caughtBy: "machines of a cluster are replaced one by one",
  },
  {
    name: "network policies that nothing enforces",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_eks_addon", "vpc-cni")["configuration_values"],
    caughtBy: "a cluster's network policies are enforced",
  },
  {
    name: "a key that does not rotate",
    stack: cluster,
    mutate: (stack) => (the(stack, "aws_kms_key")["enable_key_rotation"] = false),
    caughtBy: "keys rotate, and can be brought back",
  },
  {
    name: "a key that any log group may use",
    stack: cluster,
    mutate: (stack) =>
      delete statement(stack, "cluster_key_policy", ({ sid }) => sid === "Logs").condition,
    caughtBy: "keys are used by what is named",
  },
  {
    name: "a log that is kept for ever",
    stack: cluster,
    mutate: (stack) => delete the(stack, "aws_cloudwatch_log_group")["retention_in_days"],
    caughtBy: "logs are kept for a time that ends",
  },
  {
    name: "a queue that is not encrypted",
    stack: cluster,
    mutate: (stack) => (the(stack, "aws_sqs_queue")["sqs_managed_sse_enabled"] = false),
    caughtBy: "queues are encrypted",
  },
  {
    name: "a queue that is reached without TLS",
    stack: cluster,
    mutate: (stack) => remove(stack, "aws_sqs_queue_policy"),
    caughtBy: "queues are reached over TLS only",
  },
];

/** What no invariant is about, and only checkov knows. */
const checkovMutants: readonly Mutant[] = [
  {
    name: "a disk without EBS' own bandwidth",
    stack: node,
    mutate: (stack) => delete the(stack, "aws_instance")["ebs_optimized"],
    caughtBy: { checkov: "CKV_AWS_135" },
  },
  {
    name: "a registry whose tags can be moved",
    stack: storage,
    mutate: (stack) => add(stack, "aws_ecr_repository", { name: "berth" }),
    caughtBy: { checkov: "CKV_AWS_51" },
  },
  {
    name: "a database that the internet reaches",
    stack: node,
    mutate: (stack) =>
      add(stack, "aws_docdb_cluster", { cluster_identifier: "a", storage_encrypted: false }),
    caughtBy: { checkov: "CKV_AWS_74" },
  },
  {
    name: "a topic that is not encrypted",
    stack: node,
    mutate: (stack) => add(stack, "aws_sns_topic", { name: "alarms" }),
    caughtBy: { checkov: "CKV_AWS_26" },
  },
  {
    name: "a balancer that speaks HTTP",
    stack: node,
    mutate: (stack) =>
      add(stack, "aws_lb_listener", {
        load_balancer_arn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/a",
        port: 80,
        protocol: "HTTP",
        default_action: [{ type: "forward", target_group_arn: "arn" }],
      }),
    caughtBy: { checkov: "CKV_AWS_2" },
  },
];

/** Every mutant. */
export const mutants: readonly Mutant[] = [
  ...stateMutants,
  ...bucketMutants,
  ...networkMutants,
  ...identityMutants,
  ...machineMutants,
  ...clusterMutants,
  ...checkovMutants,
];
