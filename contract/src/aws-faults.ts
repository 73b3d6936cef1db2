import { longestBucketName, replicaBucket } from "./buckets";
import { cidrsOverlap } from "./cidr";
import { eksFaults } from "./eks-faults";
import type { AwsEnvironment } from "./environments";
import { tryGithubRepository } from "./github-repository";

/** Something wrong in one environment: where, and what to change. */
export interface Fault {
  readonly path: (string | number)[];
  readonly message: string;
}

/**
 * What a `node` machine's containers take for themselves: Docker's own bridge and kind's, kind's pods and services. Pods
 * would not find what has an address in these outside of the machine, its name server first of all.
 *
 * @see https://kind.sigs.k8s.io/docs/user/configuration/#pod-subnet
 */
export const kindRanges = ["172.17.0.0/16", "172.18.0.0/16", "10.244.0.0/16", "10.96.0.0/16"];

/** What is wrong among the fields of one environment on AWS, each of which is right alone. */
export function awsFaults(environment: AwsEnvironment): Fault[] {
  return [
    ...zoneFaults(environment),
    ...bucketFaults(environment),
    ...networkFaults(environment),
    ...githubFaults(environment),
    ...(environment.kind === "eks" ? eksFaults(environment) : []),
  ];
}

function zoneFaults(environment: AwsEnvironment): Fault[] {
  const { region, availabilityZones } = environment;
  const faults = availabilityZones.flatMap((zone, i): Fault[] => {
    const path = ["availabilityZones", i];
    if (!new RegExp(`^${region}[a-f]$`).test(zone))
      return [{ path, message: `${zone} is not a zone of ${region}: name one like ${region}a` }];
    return availabilityZones.indexOf(zone) < i
      ? [{ path, message: `${zone} is named twice: name each zone once` }]
      : [];
  });
  if (environment.kind !== "node") return faults;
  const { availabilityZone } = environment;
  if (availabilityZone !== undefined && !availabilityZones.includes(availabilityZone))
    faults.push({
      path: ["availabilityZone"],
      message: `is not one of availabilityZones: choose one of ${availabilityZones.join(", ")}`,
    });
  return faults;
}

function bucketFaults(environment: AwsEnvironment): Fault[] {
  const { region, replication } = environment;
  const named = ownBuckets(environment);
  const faults = named.flatMap(({ path, bucket, what }, i): Fault[] => {
    const other = named.slice(0, i).find((before) => before.bucket === bucket);
    return other
      ? [{ path, message: `is ${other.what} too: give ${what} a bucket of its own` }]
      : [];
  });
  for (const { path, bucket } of named)
    if (replication && isReplicated(path) && replicaBucket(bucket).length > longestBucketName)
      faults.push({
        path,
        message:
          `is too long for its copy's name, ${replicaBucket(bucket)}: ` +
          `at most ${longestBucketName - replicaBucket("").length} characters with replication`,
      });
  if (replication?.region === region)
    faults.push({
      path: ["replication", "region"],
      message: "is the environment's own region: name another one",
    });
  return faults;
}

function networkFaults({ kind, vpcCidr }: AwsEnvironment): Fault[] {
  const taken = kind === "node" && kindRanges.find((range) => cidrsOverlap(range, vpcCidr));
  return taken
    ? [
        {
          path: ["vpcCidr"],
          message: `overlaps ${taken}, which Docker or kind uses on the machine: choose another, like 10.20.0.0/16`,
        },
      ]
    : [];
}

function githubFaults({ git, github }: AwsEnvironment): Fault[] {
  return github && !tryGithubRepository(git.repository)
    ? [
        {
          path: ["github"],
          message: `needs a repository on GitHub, and git.repository is ${git.repository}: remove github, or name one like https://github.com/owner/name.git`,
        },
      ]
    : [];
}

/** A bucket that an environment names. */
export interface OwnBucket {
  readonly path: string[];
  readonly bucket: string;
  readonly what: string;
}

/** The buckets that an environment names, each with its field. */
export function ownBuckets(environment: AwsEnvironment): OwnBucket[] {
  const { modelBucket, stateBucket, backups } = environment;
  return [
    { path: ["modelBucket"], bucket: modelBucket, what: "the model bucket" },
    { path: ["stateBucket"], bucket: stateBucket, what: "the state bucket" },
    ...(backups
      ? [{ path: ["backups", "bucket"], bucket: backups.bucket, what: "the backup bucket" }]
      : []),
  ];
}

/** Whether the bucket of a field is copied where `replication` is set. */
function isReplicated([field]: readonly string[]): boolean {
  return field !== "stateBucket";
}

/** Every bucket of an environment, the copies in another region included. */
export function allBuckets(environment: AwsEnvironment): OwnBucket[] {
  const named = ownBuckets(environment);
  if (!environment.replication) return named;
  const copies = named
    .filter(({ path }) => isReplicated(path))
    .map(({ path, bucket, what }) => ({
      path,
      bucket: replicaBucket(bucket),
      what: `the copy of ${what}`,
    }));
  return [...named, ...copies];
}
