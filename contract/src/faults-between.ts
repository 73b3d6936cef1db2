import { allBuckets } from "./aws-faults";
import { cidrsOverlap } from "./cidr";
import type { AwsEnvironment, Environment } from "./environments";

/** In what environments that are right alone are in each other's way. */
export function faultsBetween(environments: readonly Environment[]): string[] {
  const onAws = environments.filter((environment) => environment.kind !== "local");
  return [
    ...pairs(environments).flatMap(([one, other]) => nameFaults(one, other)),
    ...pairs(onAws).flatMap(([one, other]) => [
      ...networkFaults(one, other),
      ...bucketFaults(one, other),
      ...clusterFaults(one, other),
      ...providerFaults(one, other),
    ]),
  ];
}

function pairs<T>(values: readonly T[]): [T, T][] {
  return values.flatMap((one, i) => values.slice(i + 1).map((other): [T, T] => [one, other]));
}

function nameFaults(one: Environment, other: Environment): string[] {
  return one.name === other.name
    ? [`name is ${JSON.stringify(one.name)} in two environments: rename one of them`]
    : [];
}

function networkFaults(one: AwsEnvironment, other: AwsEnvironment): string[] {
  return cidrsOverlap(one.vpcCidr, other.vpcCidr)
    ? [
        `vpcCidr of ${other.name} is ${other.vpcCidr}, which overlaps ${one.vpcCidr} of ${one.name}: ` +
          "choose another block, or the two can never be connected",
      ]
    : [];
}

function bucketFaults(one: AwsEnvironment, other: AwsEnvironment): string[] {
  const taken = allBuckets(one);
  return allBuckets(other).flatMap(({ path, bucket, what }) => {
    const owner = taken.find((before) => before.bucket === bucket);
    return owner
      ? [
          `${path.join(".")} of ${other.name} makes ${bucket} ${what}, and it is ${owner.what} of ${one.name}: choose another name`,
        ]
      : [];
  });
}

function clusterFaults(one: AwsEnvironment, other: AwsEnvironment): string[] {
  return one.kind === "eks" &&
    other.kind === "eks" &&
    one.clusterName === other.clusterName &&
    one.region === other.region &&
    mayShareAccount(one, other)
    ? [
        `clusterName of ${other.name} is ${other.clusterName}, as in ${one.name}: choose another name, or another region`,
      ]
    : [];
}

function providerFaults(one: AwsEnvironment, other: AwsEnvironment): string[] {
  return one.github?.oidcProvider === "create" &&
    other.github?.oidcProvider === "create" &&
    mayShareAccount(one, other)
    ? [
        `github.oidcProvider of ${other.name} is create, as in ${one.name}, and an account has one provider for GitHub: ` +
          "write existing in one of them, or give both the account that they are in",
      ]
    : [];
}

/** Environments are in different accounts only where both say so. */
function mayShareAccount(one: AwsEnvironment, other: AwsEnvironment): boolean {
  return one.account === undefined || other.account === undefined || one.account === other.account;
}
