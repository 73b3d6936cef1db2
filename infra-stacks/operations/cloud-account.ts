/** What is known of a bucket: `forbidden` is somebody else's, or one that the credentials may not see. */
export type BucketState = "absent" | "empty" | "full" | "forbidden";

/** An account at AWS, as far as operating an environment asks it anything itself. Terraform asks the rest. */
export interface CloudAccount {
  /**
   * The account's number.
   *
   * @throws {Fault} when there are no valid credentials
   */
  number(): Promise<string>;
  bucket(name: string): Promise<BucketState>;
  /** Deletes every version of every object. @returns how many */
  emptyBucket(name: string): Promise<number>;
  /** The ARNs of what carries all of these tags in a region; global resources are listed in us-east-1. */
  tagged(tags: Readonly<Record<string, string>>, region: string): Promise<string[]>;
  /** Of these ARNs, those that AWS still lists although they are gone or go by themselves: terminated machines, deleted keys. */
  going(arns: readonly string[], region: string): Promise<string[]>;
}
