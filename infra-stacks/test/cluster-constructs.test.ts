import "cdktf/lib/testing/adapters/jest";
import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { EksNodeGroup } from "@cdktf/provider-aws/lib/eks-node-group";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import { Testing } from "cdktf";
import { Construct } from "constructs";
import { AddOnRole } from "../constructs/add-on-role";
import { Cluster } from "../constructs/cluster";
import type { ClusterProps } from "../constructs/cluster";
import { ClusterAddOn } from "../constructs/cluster-add-on";
import { ClusterNodeRole } from "../constructs/cluster-node-role";
import { EncryptionKey } from "../constructs/encryption-key";
import { InterruptionQueue } from "../constructs/interruption-queue";
import { Karpenter } from "../constructs/karpenter";
import { ManagedNodes } from "../constructs/managed-nodes";
import { Network } from "../constructs/network";
import { PodIdentity } from "../constructs/pod-identity";
import { PodRole } from "../constructs/pod-role";
import { secretsReadStatements } from "../constructs/secrets-read-statements";

Testing.setupJest();

const region = "eu-central-1";
const account = "111122223333";
const clusterName = "test";
const serviceAccount = { namespace: "apps", name: "reader" };

/** A cluster in a network of its own, under `surroundings/`. */
function cluster(scope: Construct, changes: Partial<ClusterProps> = {}) {
  const surroundings = new Construct(scope, "surroundings");
  const network = new Network(surroundings, "network", {
    name: "test-network",
    region,
    vpcCidr: "10.30.0.0/16",
    availabilityZones: ["eu-central-1a", "eu-central-1b"],
  });
  return {
    network,
    cluster: new Cluster(surroundings, "cluster", {
      clusterName,
      name: "test-cluster",
      region,
      account,
      version: "1.35",
      network,
      adminRoles: ["admin"],
      ...changes,
    }),
  };
}

/** What a construct adds to its surroundings. */
function added(synthesized: string): string {
  const { resource = {}, data = {} } = JSON.parse(synthesized) as Record<
    string,
    Record<string, Record<string, unknown>>
  >;
  const own = (blocks: Record<string, Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(blocks)
        .map(([type, named]): [string, object] => [
          type,
          Object.fromEntries(
            Object.entries(named).filter(([name]) => !name.startsWith("surroundings_")),
          ),
        ])
        .filter(([, named]) => Object.keys(named).length > 0),
    );
  return JSON.stringify({ resource: own(resource), data: own(data) }, null, 2);
}

describe("the cluster's constructs stay as they were reviewed:", () => {
  it("the key", () => {
    const synthesized = Testing.synthScope((scope) => {
      new EncryptionKey(scope, "key", {
        name: "test",
        region,
        account,
        logGroupName: "/test",
      });
    });
    expect(synthesized).toHaveResourceWithProperties(KmsKey, { enable_key_rotation: true });
    expect(synthesized).toMatchSnapshot();
  });

  it("the control plane", () => {
    const synthesized = Testing.synthScope((scope) => {
      cluster(scope);
    });
    expect(synthesized).toHaveResourceWithProperties(EksCluster, {
      bootstrap_self_managed_addons: false,
    });
    expect(synthesized).toMatchSnapshot();
  });

  it("the machines' role", () => {
    const synthesized = Testing.synthScope((scope) => {
      new ClusterNodeRole(scope, "node", { name: "test-node" });
    });
    expect(synthesized).not.toHaveResourceWithProperties(IamRolePolicyAttachment, {
      policy_arn: "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    });
    expect(synthesized).toMatchSnapshot();
  });

  it("the managed machines", () => {
    const synthesized = Testing.synthScope((scope) => {
      new ManagedNodes(scope, "nodes", {
        name: "test-nodes",
        ...cluster(scope),
        nodes: { instanceTypes: ["t3.large"], min: 1, desired: 2, max: 3, diskGiB: 40 },
        tags: { owner: "me" },
        dependsOn: [],
      });
    });
    expect(synthesized).toHaveResourceWithProperties(EksNodeGroup, {
      scaling_config: { min_size: 1, desired_size: 2, max_size: 3 },
    });
    expect(added(synthesized)).toMatchSnapshot();
  });

  it("an add-on, with and without a role and a configuration", () => {
    const synthesized = Testing.synthScope((scope) => {
      const { cluster: of } = cluster(scope);
      const role = new AddOnRole(scope, "role", {
        name: "test-disks",
        clusterName,
        serviceAccount,
        policyArn: "arn:aws:iam::aws:policy/Test",
      });
      new ClusterAddOn(scope, "plain", { cluster: of, addOn: "plain", version: "1.35" });
      new ClusterAddOn(scope, "with-role", {
        cluster: of,
        addOn: "with-role",
        version: "1.35",
        role,
        configuration: { answer: 42 },
      });
    });
    expect(synthesized).toHaveResourceWithProperties(IamRolePolicyAttachment, {
      policy_arn: "arn:aws:iam::aws:policy/Test",
    });
    expect(added(synthesized)).toMatchSnapshot();
  });

  it("a role of pods that read secrets, and its association", () => {
    const synthesized = Testing.synthScope((scope) => {
      const { cluster: of } = cluster(scope);
      const role = new PodRole(scope, "role", {
        name: "test-reader",
        clusterName,
        serviceAccount,
        permissions: secretsReadStatements({ region, account, prefix: "berth/test/" }),
      });
      new PodIdentity(scope, "identity", { cluster: of, role });
    });
    expect(synthesized).toHaveResourceWithProperties(EksPodIdentityAssociation, {
      namespace: "apps",
      service_account: "reader",
    });
    expect(added(synthesized)).toMatchSnapshot();
  });

  it("the queue of interruptions", () => {
    const synthesized = Testing.synthScope((scope) => {
      new InterruptionQueue(scope, "queue", { name: "test" });
    });
    expect(synthesized).toHaveResourceWithProperties(SqsQueue, { sqs_managed_sse_enabled: true });
    expect(synthesized).toMatchSnapshot();
  });

  it("Karpenter's part of AWS", () => {
    const synthesized = Testing.synthScope((scope) => {
      new Karpenter(scope, "karpenter", {
        name: "test-karpenter",
        names: {
          interruptionQueue: "test-interruptions",
          nodeRole: "test-karpenter-node",
          discoveryTags: { "karpenter.sh/discovery": clusterName },
        },
        ...cluster(scope),
        clusterName,
        region,
        account,
      });
    });
    expect(synthesized).toHaveResourceWithProperties(SqsQueue, { name: "test-interruptions" });
    expect(added(synthesized)).toMatchSnapshot();
  });
});
