import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { Construct } from "constructs";

/** The tag of a volume that snapshots are taken of; its value names the policy that takes them. */
export const snapshotTag = "snapshots";

export interface DataVolumeProps {
  /** Shown in the console. */
  readonly name: string;
  /** A volume can be attached to machines in its own zone only. */
  readonly availabilityZone: string;
  readonly sizeGiB: number;
  /** Value of {@link snapshotTag}. */
  readonly snapshots: string;
  /**
   * Id of the snapshot that it is made from, in a recovery. Once the volume stands, a change of it changes nothing.
   *
   * @default it begins empty
   */
  readonly madeFrom?: string;
}

/**
 * An encrypted disk that outlives every machine it is attached to. No plan destroys it: a change that would replace it stops the
 * plan instead. And were it destroyed all the same, a snapshot is taken first.
 */
export class DataVolume extends Construct {
  readonly volumeId: string;

  constructor(scope: Construct, id: string, props: DataVolumeProps) {
    super(scope, id);
    const volume = new EbsVolume(this, "volume", {
      availabilityZone: props.availabilityZone,
      size: props.sizeGiB,
      type: "gp3",
      encrypted: true,
      finalSnapshot: true,
      snapshotId: props.madeFrom,
      tags: { Name: props.name, [snapshotTag]: props.snapshots },
      lifecycle: { preventDestroy: true, ignoreChanges: ["snapshot_id"] },
    });
    this.volumeId = volume.id;
  }
}
