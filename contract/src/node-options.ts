import { z } from "zod";
import { project } from "./names";
import { instanceTypes } from "./resources";
import type { InstanceType } from "./resources";

/** What the machine starts from. `berth` is this account's own image, baked with all that the machine needs. */
export const machineImages = ["berth", "amazon-linux", "debian"] as const;
export type MachineImage = (typeof machineImages)[number];

/** Default of `image`. */
export const defaultMachineImage: MachineImage = "berth";

/** Default of `dataVolumeGiB`: a million answers take about 2 GiB. */
export const defaultDataVolumeGiB = 20;

/** Default of `spot`. */
export const defaultSpot = false;

/** Default of `snapshots`: a week of them, each at most six hours behind. */
export const defaultSnapshots = { everyHours: 6, keep: 28 } as const;

/** Default of `machineGeneration`. */
export const defaultMachineGeneration = 1;

/** The tags by which the newest image of Berth's own is found, and which baking one puts on it. */
export const machineImageTags = { project, image: "node" } as const;

/** The device name under which the data volume is attached. On the machine it is an NVMe disk; udev knows it by this name. */
export const dataVolumeDevice = "/dev/sdf";

/** What only a `node` environment has: its machine. */
export const nodeOptions = {
  instanceType: z.enum(Object.keys(instanceTypes) as [InstanceType, ...InstanceType[]]),
  /** One of `availabilityZones`; the data volume is there too. @default the first of them */
  availabilityZone: z.string().optional(),
  rootVolumeGiB: z.int().min(20).max(1000),
  /** MongoDB's volume, which outlives the machine. It can grow, never shrink. @default {@link defaultDataVolumeGiB} */
  dataVolumeGiB: z.int().min(10).max(1000).default(defaultDataVolumeGiB),
  /** The snapshot that the data volume is made from, in a recovery. @default none: the volume begins empty */
  dataVolumeSnapshot: z
    .string()
    .regex(/^snap-[0-9a-f]{8,17}$/, "must be the id of a snapshot, like snap-0123456789abcdef0")
    .optional(),
  /** A machine that AWS may stop at two minutes' notice, for about a third of the price. @default {@link defaultSpot} */
  spot: z.boolean().default(defaultSpot),
  /** Snapshots of the data volume: how often, and how many are kept. @default {@link defaultSnapshots} */
  snapshots: z
    .strictObject({
      everyHours: z.literal(
        [1, 2, 3, 4, 6, 8, 12, 24],
        "must divide a day: 1, 2, 3, 4, 6, 8, 12 or 24",
      ),
      keep: z.int().min(1).max(1000),
    })
    .default(defaultSnapshots),
  /** @default {@link defaultMachineImage} */
  image: z.enum(machineImages).default(defaultMachineImage),
  /** Raise it to replace the machine by one from the newest image. @default {@link defaultMachineGeneration} */
  machineGeneration: z.int().min(1).default(defaultMachineGeneration),
};
