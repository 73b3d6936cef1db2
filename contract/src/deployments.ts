import { parseEnvironments } from "./environments";
import type { Environment } from "./environments";
import { recoveries } from "./recoveries";
import { recoveredEnvironment } from "./recovery";

// What a team edits first: its own names, region and repository.
const organization = "berth-example";
const region = "eu-central-1";
const release = "0.1.0";

const images = {
  service: { repository: `ghcr.io/${organization}/berth-service`, version: { tag: release } },
  web: { repository: `ghcr.io/${organization}/berth-web`, version: { tag: release } },
};
const git = { repository: `https://github.com/${organization}/berth.git`, revision: "main" };
const ownership = { owner: "platform", costCentre: "ml" };

const deployed: readonly Environment[] = parseEnvironments([
  {
    kind: "local",
    name: "local",
    images,
    git,
    serviceReplicas: { min: 1, max: 2 },
    webReplicas: 1,
    modelHostPath: "/var/lib/berth/model",
  },
  {
    kind: "node",
    name: "node",
    images,
    git,
    serviceReplicas: { min: 1, max: 1 },
    webReplicas: 1,
    region,
    vpcCidr: "10.20.0.0/16",
    availabilityZones: [`${region}a`, `${region}b`],
    modelBucket: `${organization}-node-models`,
    stateBucket: `${organization}-node-state`,
    backups: { bucket: `${organization}-node-backups` },
    github: { oidcProvider: "create" },
    ...ownership,
    instanceType: "t3.medium",
    rootVolumeGiB: 30,
  },
  {
    kind: "eks",
    name: "eks",
    images,
    git,
    serviceReplicas: { min: 2, max: 10 },
    webReplicas: 2,
    region,
    vpcCidr: "10.30.0.0/16",
    availabilityZones: [`${region}a`, `${region}b`, `${region}c`],
    modelBucket: `${organization}-eks-models`,
    stateBucket: `${organization}-eks-state`,
    natGateways: "single",
    backups: { bucket: `${organization}-eks-backups` },
    // The account's one provider, which the environment `node` makes.
    github: { oidcProvider: "existing" },
    ...ownership,
    clusterName: "berth",
    clusterAdmins: [`${organization}-admin`],
  },
]);

/** The environments that are synthesized: these, and those that stand anew elsewhere after a disaster. */
export const environments: readonly Environment[] = parseEnvironments([
  ...deployed,
  ...recoveries.map((recovery, index) => {
    const lost = deployed.find((one) => one.name === recovery.of);
    if (lost === undefined || lost.kind === "local")
      throw new Error(
        `recoveries.ts recovers ${recovery.of}, which is no environment on AWS: restore it here, or remove the recovery`,
      );
    return recoveredEnvironment(lost, recovery, index);
  }),
]);
