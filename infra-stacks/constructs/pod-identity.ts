import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import { Construct } from "constructs";
import type { Cluster } from "./cluster";
import type { PodRole } from "./pod-role";

export interface PodIdentityProps {
  readonly cluster: Cluster;
  readonly role: PodRole;
}

/** Gives a role to the pods of its service account, whether that exists yet or not. */
export class PodIdentity extends Construct {
  constructor(scope: Construct, id: string, props: PodIdentityProps) {
    super(scope, id);
    const { arn, serviceAccount } = props.role;
    new EksPodIdentityAssociation(this, "association", {
      clusterName: props.cluster.cluster.name,
      namespace: serviceAccount.namespace,
      serviceAccount: serviceAccount.name,
      roleArn: arn,
    });
  }
}
