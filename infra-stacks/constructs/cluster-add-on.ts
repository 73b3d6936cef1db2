import { DataAwsEksAddonVersion } from "@cdktf/provider-aws/lib/data-aws-eks-addon-version";
import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { KubernetesVersion } from "@berth/contract";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { AddOnRole } from "./add-on-role";
import type { Cluster } from "./cluster";

export interface ClusterAddOnProps {
  readonly cluster: Cluster;
  /** @see `aws eks describe-addon-versions` */
  readonly addOn: string;
  /** The cluster's. */
  readonly version: KubernetesVersion;
  /** @default what the add-on's makers chose */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /**
   * What its pods may do on AWS.
   *
   * @default nothing
   */
  readonly role?: AddOnRole;
  /** @default [] */
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * A part of the cluster that EKS installs and updates. Its version is the one that EKS names as the default for the
 * cluster's Kubernetes: looked up at each plan, which shows when it changes.
 */
export class ClusterAddOn extends Construct {
  readonly addOn: EksAddon;

  constructor(scope: Construct, id: string, props: ClusterAddOnProps) {
    super(scope, id);
    const { addOn: addonName, configuration, role, dependsOn = [] } = props;

    const supported = new DataAwsEksAddonVersion(this, "version", {
      addonName,
      kubernetesVersion: props.version,
      mostRecent: false,
    });
    this.addOn = new EksAddon(this, "add-on", {
      clusterName: props.cluster.cluster.name,
      addonName,
      addonVersion: supported.version,
      configurationValues: configuration && JSON.stringify(configuration),
      podIdentityAssociation: role && [
        { roleArn: role.arn, serviceAccount: role.serviceAccount.name },
      ],
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      dependsOn: role ? [role.policy, ...dependsOn] : dependsOn,
    });
  }
}
