import { environments, parseEnvironment } from "@berth/contract";
import type { Environment } from "@berth/contract";
import { eks, node } from "./fixtures";

/** A fixture with options set otherwise, under a name and with buckets of its own. */
function variant(base: typeof node | typeof eks, options: string, change: object): Environment {
  const name = `${base.name}-${options}`;
  return parseEnvironment({
    ...base,
    name,
    modelBucket: `berth-example-${name}-models`,
    stateBucket: `berth-example-${name}-state`,
    backups: { bucket: `berth-example-${name}-backups` },
    ...change,
  });
}

const replication = { region: "eu-west-1" };
const account = "111122223333";

/** Every environment of the contract, and variants in which each option has each of its values. */
export const everyOption: readonly Environment[] = [
  ...environments,
  variant(node, "bare", { backups: undefined, github: undefined }),
  variant(node, "spot", {
    spot: true,
    image: "amazon-linux",
    replication,
    github: { oidcProvider: "existing", branch: "release", environment: "production" },
    account,
  }),
  variant(node, "large", {
    instanceType: "m6i.large",
    image: "debian",
    natGateways: "single",
    availabilityZone: "eu-central-1b",
    replication,
    domain: "berth.example",
  }),
  variant(node, "nat", {
    natGateways: "per-zone",
    availabilityZones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    github: {},
  }),
  variant(eks, "bare", {
    availabilityZones: ["eu-central-1a", "eu-central-1b"],
    backups: undefined,
    github: undefined,
  }),
  variant(eks, "full", {
    natGateways: "per-zone",
    replication,
    github: { oidcProvider: "create" },
    publicEndpointCidrs: ["192.0.2.0/24"],
    account,
  }),
];
