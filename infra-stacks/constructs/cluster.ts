import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { DataAwsIamRole } from "@cdktf/provider-aws/lib/data-aws-iam-role";
import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { EksAccessPolicyAssociation } from "@cdktf/provider-aws/lib/eks-access-policy-association";
import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { KubernetesVersion } from "@berth/contract";
import { Construct } from "constructs";
import { EncryptionKey } from "./encryption-key";
import type { Network } from "./network";

/** Days for which the control plane's log is kept: a year, since its audit log says who did what. */
export const controlPlaneLogDays = 365;

export interface ClusterProps {
  /** Of the cluster; unique in its region and account. */
  readonly clusterName: string;
  /** Of its role and its key; unique in the account. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly version: KubernetesVersion;
  readonly network: Network;
  /** IAM roles that may do everything in the cluster. They must exist. */
  readonly adminRoles: readonly string[];
  /**
   * IPv4 blocks from which the API is reached over the internet. Nodes and Session Manager reach it inside the VPC.
   *
   * @default none: the API is private
   */
  readonly publicApiCidrs?: readonly string[];
}

/**
 * An EKS control plane: its API is private, its Secrets are encrypted with a key of its own, all that it logs is kept,
 * and who may enter is an access entry. Whoever makes it gets no access by that, and it installs no add-on by itself.
 */
export class Cluster extends Construct {
  readonly cluster: EksCluster;
  /** Of the control plane's network interfaces and of every node. EKS makes it. */
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const { clusterName, name, region, account, publicApiCidrs = [] } = props;

    // EKS writes to a group of this name, and would make one that keeps everything for ever.
    const logGroupName = `/aws/eks/${clusterName}/cluster`;
    const key = new EncryptionKey(this, "key", { name, region, account, logGroupName });
    const logGroup = new CloudwatchLogGroup(this, "logs", {
      name: logGroupName,
      retentionInDays: controlPlaneLogDays,
      kmsKeyId: key.arn,
    });

    const trust = new DataAwsIamPolicyDocument(this, "trust", {
      statement: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["eks.amazonaws.com"] }],
        },
      ],
    });
    const role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    const clusterPolicy = new IamRolePolicyAttachment(this, "cluster-policy", {
      role: role.name,
      policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    });
    const permissions = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: [
        {
          sid: "EncryptSecrets",
          actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
          resources: [key.arn],
        },
      ],
    });
    const keyPolicy = new IamRolePolicy(this, "key-policy", {
      name,
      role: role.id,
      policy: permissions.json,
    });

    this.cluster = new EksCluster(this, "cluster", {
      name: clusterName,
      version: props.version,
      roleArn: role.arn,
      vpcConfig: {
        subnetIds: props.network.privateSubnets.map((subnet) => subnet.id),
        endpointPrivateAccess: true,
        endpointPublicAccess: publicApiCidrs.length > 0,
        publicAccessCidrs: publicApiCidrs.length > 0 ? [...publicApiCidrs] : undefined,
      },
      accessConfig: {
        authenticationMode: "API",
        bootstrapClusterCreatorAdminPermissions: false,
      },
      bootstrapSelfManagedAddons: false,
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
      // At the end of standard support EKS upgrades the cluster, instead of taking six times the price for it.
      upgradePolicy: { supportType: "STANDARD" },
      dependsOn: [clusterPolicy, keyPolicy, logGroup],
    });
    this.securityGroupId = this.cluster.vpcConfig.clusterSecurityGroupId;

    for (const adminRole of props.adminRoles) {
      // Looked up, so that a role that does not exist fails the plan and not the end of an apply.
      const { arn } = new DataAwsIamRole(this, `admin-${adminRole}`, { name: adminRole });
      const entry = new EksAccessEntry(this, `admin-${adminRole}-entry`, {
        clusterName: this.cluster.name,
        principalArn: arn,
      });
      new EksAccessPolicyAssociation(this, `admin-${adminRole}-policy`, {
        clusterName: this.cluster.name,
        principalArn: entry.principalArn,
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope: { type: "cluster" },
      });
    }
  }
}
