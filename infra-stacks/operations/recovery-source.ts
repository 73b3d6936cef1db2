import type { AwsRegion } from "@berth/contract";

/** Where a lost environment's copies are found. */
export interface RecoverySource {
  /** Zones of a region that every account may use, in their order. */
  zones(region: AwsRegion): Promise<string[]>;
  /** The newest complete snapshot with all of these tags. */
  newestSnapshot(
    tags: Readonly<Record<string, string>>,
    region: AwsRegion,
  ): Promise<{ readonly id: string; readonly startedAt: Date } | undefined>;
  /** Copies the objects below a prefix within S3. @returns how many */
  copyObjects(from: string, to: string, prefix: string): Promise<number>;
}
