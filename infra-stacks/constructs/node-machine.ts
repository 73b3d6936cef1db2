import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import type { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import {
  dataVolumeDevice,
  defaultMachineGeneration,
  defaultMachineImage,
  defaultSpot,
} from "@berth/contract";
import type { InstanceType, MachineImage } from "@berth/contract";
import { Construct } from "constructs";
import type { DataVolume } from "./data-volume";
import type { InstanceRole } from "./instance-role";
import { findMachineImage } from "./machine-image";
import { RecoveryAlarms } from "./recovery-alarms";
import { ReplacementTrigger } from "./replacement-trigger";
import { userData } from "./user-data";
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
  /** Shown in the console, the machine's host name, and the first part of its alarms' names. */
  readonly name: string;
  readonly region: string;
  readonly instanceType: InstanceType;
  /** Size of the encrypted root volume. */
  readonly rootVolumeGiB: number;
  /** In the machine's own zone; stays when the machine is replaced. */
  readonly dataVolume: DataVolume;
  /** A public one. */
  readonly subnet: Subnet;
  readonly securityGroup: WebSecurityGroup;
  readonly role: InstanceRole;
  /** What it starts from: the newest of the day it was made. @default {@link defaultMachineImage} */
  readonly image?: MachineImage;
  /** Another number is another machine, from the newest image. @default {@link defaultMachineGeneration} */
  readonly generation?: number;
  /**
   * A machine that AWS may stop at two minutes' notice, for about a third of the price. The request for it is persistent, and an
   * interruption stops the machine rather than ends it: its disks and its address stay, and AWS starts it again in the same zone
   * once there is room. Until then the page is away.
   *
   * @default {@link defaultSpot}
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/interruption-behavior.html
   */
  readonly spot?: boolean;
  /**
   * Burstable types (t3) only. A t3.medium sustains 0.4 vCPU. Beyond, `unlimited` bills 0.05 USD a vCPU hour, at most
   * about 58 USD a month with both vCPUs always busy, and `standard` throttles to 0.4 vCPU and starts without credits.
   *
   * @default {@link defaultCpuCredits}
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
   */
  readonly cpuCredits?: CpuCredits;
}

/**
 * An EC2 machine with an address and a data volume that outlive it, moved or rebooted by itself when it fails. A newer image
 * does not replace a machine that stands: another kind of image or another generation does.
 */
export class NodeMachine extends Construct {
  /** Its public IPv4 address. */
  readonly address: string;
  readonly instanceId: string;

  constructor(scope: Construct, id: string, props: NodeMachineProps) {
    super(scope, id);
    const { name, instanceType, cpuCredits = defaultCpuCredits } = props;
    const { image = defaultMachineImage, spot = defaultSpot } = props;
    const { generation = defaultMachineGeneration } = props;

    // A change of any of these is a new machine. AWS changes the type of a stopped machine, but not of one on spot.
    const replacement = new ReplacementTrigger(this, "replacement", {
      image,
      generation,
      ...(spot && { instanceType }),
    });
    const instance = new Instance(this, "instance", {
      ami: findMachineImage(this, "image", image).id,
      instanceType,
      subnetId: props.subnet.id,
      vpcSecurityGroupIds: [props.securityGroup.id],
      iamInstanceProfile: props.role.profile.name,
      ebsOptimized: true,
      monitoring: false,
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
        tags: { Name: name },
      },
      maintenanceOptions: { autoRecovery: "default" },
      instanceMarketOptions: spot
        ? {
            marketType: "spot",
            spotOptions: {
              spotInstanceType: "persistent",
              instanceInterruptionBehavior: "stop",
            },
          }
        : undefined,
      userData: userData({ hostname: name, region: props.region, image }),
      tags: { Name: name },
      lifecycle: {
        ignoreChanges: ["ami", "user_data"],
        replaceTriggeredBy: [replacement.reference],
      },
    });
    this.instanceId = instance.id;

    new VolumeAttachment(this, "data", {
      deviceName: dataVolumeDevice,
      instanceId: instance.id,
      volumeId: props.dataVolume.volumeId,
      // A volume that is in use would be pulled from under MongoDB when the machine is replaced.
      stopInstanceBeforeDetaching: true,
    });
    new RecoveryAlarms(this, "recovery", { name, region: props.region, instance });

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
