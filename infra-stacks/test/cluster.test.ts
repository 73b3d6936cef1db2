import { parseEnvironment } from "@berth/contract";
import { eks } from "./support/fixtures";
import { decide } from "./support/policy";
import { account } from "./support/resolve-references";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";

const id = "berth-eks-cluster";
const stacks = synthesize();
const stack = stackOf(stacks, id);
const cluster = theResource(stack, "aws_eks_cluster");
const nodeGroup = theResource(stack, "aws_eks_node_group");
const template = theResource(stack, "aws_launch_template");

/** The cluster's stack of an environment with some values changed. */
const changed = (values: object) =>
  stackOf(synthesize({ environments: [parseEnvironment({ ...eks, ...values })] }), id);

/** The add-on of a name. */
const addOn = (name: string, from = stack) => {
  const found = resources(from, "aws_eks_addon").find((one) => one["addon_name"] === name);
  if (!found) throw new Error(`no add-on ${name}`);
  return found;
};

/** The names of the blocks that a block waits for. */
const awaited = (block: Block) => (block["depends_on"] as string[] | undefined) ?? [];

describe("the control plane", () => {
  it("is the contract's, and leaves no room for a version that nobody chose", () => {
    expect(cluster).toMatchObject({ name: "berth", version: "1.35" });
    expect(theResource(changed({ kubernetesVersion: "1.36" }), "aws_eks_cluster")).toMatchObject({
      version: "1.36",
    });
    expect(cluster["upgrade_policy"]).toEqual({ support_type: "STANDARD" });
  });

  it("has a private API, in the private subnets alone", () => {
    const network = cluster["vpc_config"] as Block;
    expect(network).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: false,
    });
    expect(network).not.toHaveProperty("public_access_cidrs");
    const subnets = network["subnet_ids"] as string[];
    expect(subnets).toHaveLength(3);
    for (const subnet of subnets) expect(subnet).toContain("network_private-eu-central-1");
  });

  it("opens its API to the networks that the contract names, and to no others", () => {
    const open = changed({ publicEndpointCidrs: ["192.0.2.0/24"] });
    expect(theResource(open, "aws_eks_cluster")["vpc_config"]).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: true,
      public_access_cidrs: ["192.0.2.0/24"],
    });
  });

  it("encrypts Secrets with a key of its own, which is replaced every year", () => {
    expect(cluster["encryption_config"]).toEqual({
      provider: { key_arn: expect.stringMatching(/^\$\{aws_kms_key\.\w+\.arn\}$/) as string },
      resources: ["secrets"],
    });
    expect(theResource(stack, "aws_kms_key")).toMatchObject({
      enable_key_rotation: true,
      deletion_window_in_days: 30,
    });
  });

  it("writes all that it logs to an encrypted group that was there before it, for a year", () => {
    expect(cluster["enabled_cluster_log_types"]).toEqual([
      "api",
      "audit",
      "authenticator",
      "controllerManager",
      "scheduler",
    ]);
    expect(theResource(stack, "aws_cloudwatch_log_group")).toMatchObject({
      name: "/aws/eks/berth/cluster",
      retention_in_days: 365,
      kms_key_id: expect.stringMatching(/^\$\{aws_kms_key\./) as string,
    });
    expect(awaited(cluster)).toContainEqual(
      expect.stringMatching(/^aws_cloudwatch_log_group\.cluster_logs_/),
    );
  });

  it("lets CloudWatch use the key for that group alone, and the account's own policies say who else may", () => {
    const policy = statementsOf(stacks, id, theResource(stack, "aws_kms_key")["policy"]);
    const encrypt = (group: string, service = "logs.eu-central-1.amazonaws.com") =>
      decide(policy, {
        action: "kms:Encrypt",
        resource: "key",
        principal: `Service:${service}`,
        context: {
          "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-central-1:${account}:log-group:${group}`,
        },
      });
    expect(encrypt("/aws/eks/berth/cluster")).toBe("allowed");
    expect(encrypt("/aws/eks/other/cluster")).toBe("refused");
    expect(encrypt("/aws/eks/berth/cluster", "logs.us-east-1.amazonaws.com")).toBe("refused");
    const asAccount = (owner: string) =>
      decide(policy, {
        action: "kms:CreateGrant",
        resource: "key",
        principal: `AWS:arn:aws:iam::${owner}:root`,
        context: { "kms:CallerAccount": owner },
      });
    expect(asAccount(account)).toBe("allowed");
    expect(asAccount("999999999999")).toBe("refused");
  });

  it("lets in whom an access entry names, and nobody for having made it", () => {
    expect(cluster["access_config"]).toEqual({
      authentication_mode: "API",
      bootstrap_cluster_creator_admin_permissions: false,
    });
    const admins = changed({ clusterAdmins: ["platform-admin", "on.call@berth"] });
    expect(
      Object.values(admins.data?.["aws_iam_role"] ?? {})
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["on.call@berth", "platform-admin"]);
    const policies = resources(admins, "aws_eks_access_policy_association");
    expect(policies).toHaveLength(2);
    for (const policy of policies)
      expect(policy).toMatchObject({
        policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        access_scope: { type: "cluster" },
      });
  });

  it("has a role that only EKS takes, with AWS' policy for control planes and its key", () => {
    const [name, role] = Object.entries(stack.resource?.["aws_iam_role"] ?? {}).find(([name]) =>
      name.startsWith("cluster_role_"),
    )!;
    const trust = statementsOf(stacks, id, role["assume_role_policy"]);
    const take = (service: string) =>
      decide(trust, { action: "sts:AssumeRole", principal: `Service:${service}` });
    expect(take("eks.amazonaws.com")).toBe("allowed");
    expect(take("ec2.amazonaws.com")).toBe("refused");

    const attached = resources(stack, "aws_iam_role_policy_attachment").filter(
      (one) => one["role"] === `\${aws_iam_role.${name}.name}`,
    );
    expect(attached.map((one) => one["policy_arn"])).toEqual([
      "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    ]);
  });
});

describe("the managed machines", () => {
  it("are the contract's, in private subnets", () => {
    expect(nodeGroup).toMatchObject({
      instance_types: ["t3.large"],
      scaling_config: { min_size: 2, desired_size: 2, max_size: 3 },
      ami_type: "AL2023_x86_64_STANDARD",
      capacity_type: "ON_DEMAND",
    });
    const subnets = nodeGroup["subnet_ids"] as string[];
    expect(subnets).toHaveLength(3);
    for (const subnet of subnets) expect(subnet).toContain("network_private-eu-central-1");
    const group = {
      instanceTypes: ["m6i.xlarge", "m6i.large"],
      min: 3,
      desired: 4,
      max: 6,
      diskGiB: 80,
    };
    const other = changed({ nodeGroup: group });
    expect(theResource(other, "aws_eks_node_group")).toMatchObject({
      instance_types: ["m6i.xlarge", "m6i.large"],
      scaling_config: { min_size: 3, desired_size: 4, max_size: 6 },
    });
    expect(JSON.stringify(theResource(other, "aws_launch_template"))).toContain('"volume_size":80');
  });

  it("answer metadata with a token only (IMDSv2), and to no pod", () => {
    expect(template["metadata_options"]).toEqual({
      http_endpoint: "enabled",
      http_tokens: "required",
      http_put_response_hop_limit: 1,
    });
  });

  it("keep their data encrypted, and open no SSH", () => {
    expect(template["block_device_mappings"]).toEqual([
      {
        device_name: "/dev/xvda",
        ebs: {
          volume_type: "gp3",
          volume_size: 30,
          encrypted: "true",
          delete_on_termination: "true",
        },
      },
    ]);
    expect(template).not.toHaveProperty("key_name");
    expect(nodeGroup).not.toHaveProperty("remote_access");
    expect(stack.resource).not.toHaveProperty("aws_security_group");
  });

  it("carry the environment's tags, their disks and interfaces too", () => {
    const tags = {
      Name: "berth-eks-cluster-nodes",
      project: "berth",
      environment: "eks",
      owner: "platform",
      "cost-centre": "ml",
    };
    expect(template["tag_specifications"]).toEqual(
      ["instance", "volume", "network-interface"].map((resource_type) => ({ resource_type, tags })),
    );
  });

  it("stand before those that they replace are drained, one at a time", () => {
    expect(nodeGroup["lifecycle"]).toEqual({ create_before_destroy: true });
    expect(nodeGroup).toHaveProperty("node_group_name_prefix", "managed-");
    expect(nodeGroup["update_config"]).toEqual({ max_unavailable: 1 });
    expect(nodeGroup["node_repair_config"]).toEqual({ enabled: true });
  });

  it("follow the newest version of their template, and the cluster's Kubernetes", () => {
    expect(nodeGroup["launch_template"]).toEqual({
      id: expect.stringMatching(/^\$\{aws_launch_template\.\w+\.id\}$/) as string,
      version: expect.stringMatching(/^\$\{aws_launch_template\.\w+\.latest_version\}$/) as string,
    });
    expect(nodeGroup["version"]).toMatch(/^\$\{aws_eks_cluster\.\w+\.version\}$/);
  });

  it.each(["nodes_role", "karpenter_node"])(
    "have in %s a role that joins the cluster, pulls images and answers Session Manager, and no more",
    (prefix) => {
      const [name, role] = Object.entries(stack.resource?.["aws_iam_role"] ?? {}).find(([name]) =>
        name.startsWith(prefix),
      )!;
      const trust = statementsOf(stacks, id, role["assume_role_policy"]);
      const take = (service: string) =>
        decide(trust, { action: "sts:AssumeRole", principal: `Service:${service}` });
      expect(take("ec2.amazonaws.com")).toBe("allowed");
      expect(take("eks.amazonaws.com")).toBe("refused");

      const attached = resources(stack, "aws_iam_role_policy_attachment").filter(
        (one) => one["role"] === `\${aws_iam_role.${name}.name}`,
      );
      expect(attached.map((one) => one["policy_arn"]).sort()).toEqual([
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
      ]);
      const [own, ...others] = resources(stack, "aws_iam_role_policy").filter(
        (one) => one["role"] === `\${aws_iam_role.${name}.id}`,
      );
      expect(others).toEqual([]);
      const permissions = statementsOf(stacks, id, own?.["policy"]);
      expect(decide(permissions, { action: "ssmmessages:OpenDataChannel", resource: "*" })).toBe(
        "allowed",
      );
      expect(
        decide(permissions, {
          action: "ssm:GetParameter",
          resource: `arn:aws:ssm:eu-central-1:${account}:parameter/secret`,
        }),
      ).toBe("refused");
    },
  );
});

describe("the add-ons", () => {
  const beforeNodes = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"];
  const afterNodes = ["aws-ebs-csi-driver", "coredns", "metrics-server"];

  it("are these and no others; EKS installs none by itself", () => {
    expect(
      resources(stack, "aws_eks_addon")
        .map((one) => one["addon_name"])
        .sort(),
    ).toEqual([...beforeNodes, ...afterNodes].sort());
    expect(cluster["bootstrap_self_managed_addons"]).toBe(false);
  });

  it("stand before the machines where those need them, and after where their pods need machines", () => {
    const nameOf = (address: string) => {
      const [type = "", name = ""] = address.split(".");
      return stack.resource?.[type]?.[name]?.["addon_name"] ?? type;
    };
    expect(awaited(nodeGroup).map(nameOf)).toEqual(expect.arrayContaining(beforeNodes));
    for (const name of afterNodes)
      expect(awaited(addOn(name)).map(nameOf)).toContain("aws_eks_node_group");
    for (const name of beforeNodes)
      expect(awaited(addOn(name)).map(nameOf)).not.toContain("aws_eks_node_group");
  });

  it("have the version that EKS names for the cluster's Kubernetes", () => {
    const next = changed({ kubernetesVersion: "1.36" });
    for (const [from, version] of [
      [stack, "1.35"],
      [next, "1.36"],
    ] as const)
      for (const one of resources(from, "aws_eks_addon")) {
        const [, name = ""] =
          /^\$\{data\.aws_eks_addon_version\.([\w-]+)\.version\}$/.exec(
            String(one["addon_version"]),
          ) ?? [];
        expect(from.data?.["aws_eks_addon_version"]?.[name]).toEqual({
          addon_name: one["addon_name"],
          kubernetes_version: version,
          most_recent: false,
        });
      }
  });

  it("enforce network policies", () => {
    expect(JSON.parse(String(addOn("vpc-cni")["configuration_values"]))).toEqual({
      enableNetworkPolicy: "true",
    });
    expect(addOn("coredns")).not.toHaveProperty("configuration_values");
  });

  it.each([
    ["vpc-cni", "aws-node", "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
    [
      "aws-ebs-csi-driver",
      "ebs-csi-controller-sa",
      "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2",
    ],
  ])("give %s a role for %s alone, with the policy that AWS keeps for it", (name, account, arn) => {
    const [association] = addOn(name)["pod_identity_association"] as Block[];
    expect(association?.["service_account"]).toBe(account);
    const [, role = ""] =
      /^\$\{aws_iam_role\.([\w-]+)\.arn\}$/.exec(String(association?.["role_arn"])) ?? [];
    const attached = resources(stack, "aws_iam_role_policy_attachment").filter(
      (one) => one["role"] === `\${aws_iam_role.${role}.name}`,
    );
    expect(attached.map((one) => one["policy_arn"])).toEqual([arn]);
    const trust = statementsOf(
      stacks,
      id,
      stack.resource?.["aws_iam_role"]?.[role]?.["assume_role_policy"],
    );
    const take = (serviceAccount: string) =>
      decide(trust, {
        action: "sts:AssumeRole",
        principal: "Service:pods.eks.amazonaws.com",
        context: {
          "aws:RequestTag/eks-cluster-name": "berth",
          "aws:RequestTag/kubernetes-namespace": "kube-system",
          "aws:RequestTag/kubernetes-service-account": serviceAccount,
        },
      });
    expect(take(account)).toBe("allowed");
    expect(take("default")).toBe("refused");
    // Its pods must not start before the role may do anything.
    expect(awaited(addOn(name))).toContainEqual(
      expect.stringMatching(/^aws_iam_role_policy_attachment\./),
    );
  });

  it("without a need for AWS have no role", () => {
    for (const name of ["coredns", "kube-proxy", "metrics-server", "eks-pod-identity-agent"])
      expect(addOn(name)).not.toHaveProperty("pod_identity_association");
  });
});

describe("the outputs", () => {
  it("have the command that tells kubectl of the cluster, once it is there", () => {
    expect(stack.output?.["update-kubeconfig"]?.["value"]).toMatch(
      /^aws eks update-kubeconfig --region eu-central-1 --name \$\{aws_eks_cluster\.\w+\.name\}$/,
    );
  });
});
