import { awsName, project } from "@berth/contract";
import type { Construct } from "constructs";
import { clusterSubnetTags } from "../constructs/cluster-subnet-tags";
import { FlowLogs } from "../constructs/flow-logs";
import { Network } from "../constructs/network";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

/** The environment's network, and the record of its connections. */
export class NetworkStack extends AwsStack {
  readonly network: Network;

  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "network", props);
    const { environment } = props;
    this.network = new Network(this, "network", {
      name: awsName(environment, "network"),
      region: environment.region,
      vpcCidr: environment.vpcCidr,
      availabilityZones: environment.availabilityZones,
      natGateways: environment.natGateways,
      ...(environment.kind === "eks" ? clusterSubnetTags(environment) : {}),
    });
    new FlowLogs(this, "flow-logs", {
      name: awsName(environment, "flow-logs"),
      vpc: this.network.vpc,
      logGroupName: `/${project}/${environment.name}/flow-logs`,
      retentionDays: environment.flowLogDays,
      account: this.account,
    });
  }
}
