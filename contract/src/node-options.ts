import { z } from "zod";
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

/** What only a `node` environment has: its machine. */
export const nodeOptions = {
  instanceType: z.enum(Object.keys(instanceTypes) as [InstanceType, ...InstanceType[]]),
  /** One of `availabilityZones`; the data volume is there too. @default the first of them */
  availabilityZone: z.string().optional(),
  rootVolumeGiB: z.int().min(20).max(1000),
  /** MongoDB's volume, which outlives the machine. It can grow, never shrink. @default {@link defaultDataVolumeGiB} */
  dataVolumeGiB: z.int().min(10).max(1000).default(defaultDataVolumeGiB),
  /** A machine that AWS may stop at two minutes' notice, for about a third of the price. @default {@link defaultSpot} */
  spot: z.boolean().default(defaultSpot),
  /** @default {@link defaultMachineImage} */
  image: z.enum(machineImages).default(defaultMachineImage),
};
