import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import type { Subnet } from "@cdktf/provider-aws/lib/subnet";
import type { InstanceType } from "@berth/contract";
import { Construct } from "constructs";
import type { InstanceRole } from "./instance-role";
import type { WebSecurityGroup } from "./web-security-group";

/**
 * Network hops that an answer of the instance metadata service survives: 1 reaches the host, 2 a container, 3 a pod in
 * kind, whose node is itself a container.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export const metadataHopLimit = 3;

/** What a burstable machine does once its CPU credits are spent. */
export type CpuCredits = "unlimited" | "standard";

/** A machine that is throttled while it boots a cluster would not come up at all, so it may borrow. */
export const defaultCpuCredits: CpuCredits = "unlimited";

export interface NodeMachineProps {
  /** Shown in the console, and the machine's host name. */
  readonly name: string;
  readonly instanceType: InstanceType;
  /** Size of the encrypted root volume. */
  readonly rootVolumeGiB: number;
  /** A public one. */
  readonly subnet: Subnet;
  readonly securityGroup: WebSecurityGroup;
  readonly role: InstanceRole;
  /**
   * Burstable types (t3) only. A t3.medium sustains 0.4 vCPU. Beyond, `unlimited` bills 0.05 USD a vCPU hour, at most
   * about 58 USD a month with both vCPUs always busy, and `standard` throttles to 0.4 vCPU and starts without credits.
   *
   * @default "unlimited"
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
   */
  readonly cpuCredits?: CpuCredits;
}

/**
 * An EC2 machine with an address that outlives it. It runs the newest Amazon Linux 2023 of the day it was made, which
 * has the SSM agent; a newer image does not replace a machine that stands.
 */
export class NodeMachine extends Construct {
  /** Its public IPv4 address. */
  readonly address: string;
  readonly instanceId: string;

  constructor(scope: Construct, id: string, props: NodeMachineProps) {
    super(scope, id);
    const { name, instanceType, cpuCredits = defaultCpuCredits } = props;

    const image = new DataAwsAmi(this, "image", {
      owners: ["amazon"],
      mostRecent: true,
      filter: [
        { name: "name", values: ["al2023-ami-2023.*-kernel-*-x86_64"] },
        { name: "architecture", values: ["x86_64"] },
        { name: "virtualization-type", values: ["hvm"] },
        { name: "root-device-type", values: ["ebs"] },
      ],
    });
    const instance = new Instance(this, "instance", {
      ami: image.id,
      instanceType,
      subnetId: props.subnet.id,
      vpcSecurityGroupIds: [props.securityGroup.id],
      iamInstanceProfile: props.role.profile.name,
      ebsOptimized: true,
      creditSpecification: isBurstable(instanceType) ? { cpuCredits } : undefined,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: metadataHopLimit,
      },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: props.rootVolumeGiB,
        encrypted: true,
        deleteOnTermination: true,
      },
      maintenanceOptions: { autoRecovery: "default" },
      userData: `#cloud-config\nhostname: ${name}\n`,
      tags: { Name: name },
      lifecycle: { ignoreChanges: ["ami"] },
    });
    this.instanceId = instance.id;

    const address = new Eip(this, "address", { domain: "vpc", tags: { Name: name } });
    new EipAssociation(this, "address-association", {
      allocationId: address.allocationId,
      instanceId: instance.id,
    });
    this.address = address.publicIp;
  }
}

function isBurstable(type: InstanceType): boolean {
  return type.startsWith("t");
}
