import { awsName, machineZone } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import type { InstanceRole } from "../constructs/instance-role";
import type { Network } from "../constructs/network";
import { NodeMachine } from "../constructs/node-machine";
import { WebSecurityGroup } from "../constructs/web-security-group";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import { pageAddressOutput } from "./page-address-output";
import type { StorageStack } from "./storage-stack";

export interface NodeStackProps extends AwsStackProps {
  readonly environment: NodeEnvironment;
  readonly network: Network;
  readonly role: InstanceRole;
  readonly storage: StorageStack;
}

/** The one machine of a `node` environment, with an address that outlives it. */
export class NodeStack extends AwsStack {
  constructor(scope: Construct, props: NodeStackProps) {
    super(scope, "node", props);
    const { environment, network, role, storage } = props;
    const { dataVolume } = storage;
    if (!dataVolume)
      throw new Error(`storage of ${environment.name} has no data volume: give it one`);
    const name = awsName(environment, "node");

    const machine = new NodeMachine(this, "machine", {
      name,
      region: environment.region,
      instanceType: environment.instanceType,
      rootVolumeGiB: environment.rootVolumeGiB,
      dataVolume,
      subnet: network.publicSubnet(machineZone(environment)),
      securityGroup: new WebSecurityGroup(this, "web", { name, network }),
      role,
      image: environment.image,
      generation: environment.machineGeneration,
      spot: environment.spot,
    });

    new TerraformOutput(this, pageAddressOutput, {
      value: machine.address,
      description: "Public IPv4 address of the page; point the domain's A record here",
    });
    new TerraformOutput(this, "instance", {
      value: machine.instanceId,
      description: "For `aws ssm start-session --target`",
    });
  }
}
