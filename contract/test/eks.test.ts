import {
  clusterNodeCapacity,
  environments,
  instanceTypes,
  karpenterNames,
  parseEnvironment,
} from "../src";
import type { EksEnvironment, InstanceType } from "../src";

const eks = environments.find((one) => one.kind === "eks") as EksEnvironment;
const { nodeGroup } = eks;

/** An environment without what has a default. */
const required: Record<string, unknown> = { ...eks };
for (const field of ["kubernetesVersion", "nodeGroup", "publicEndpointCidrs"])
  delete required[field];

describe("an eks environment", () => {
  it("has a private API and two machines of the managed group, unless it says otherwise", () => {
    expect(parseEnvironment(required)).toMatchObject({
      kubernetesVersion: "1.35",
      publicEndpointCidrs: [],
      nodeGroup: { instanceTypes: ["t3.large"], min: 2, desired: 2, max: 3, diskGiB: 30 },
    });
  });

  it("takes a newer Kubernetes, networks that reach its API, and larger machines", () => {
    const changed = {
      kubernetesVersion: "1.36",
      publicEndpointCidrs: ["192.0.2.0/24", "198.51.100.7/32"],
      nodeGroup: {
        instanceTypes: ["m6i.large", "t3.large"],
        min: 3,
        desired: 3,
        max: 6,
        diskGiB: 50,
      },
    };
    expect(parseEnvironment({ ...eks, ...changed })).toMatchObject(changed);
  });

  it.each<[string, object, string]>([
    [
      "no NAT gateway",
      { natGateways: "none" },
      "natGateways is \"none\": leaves the cluster's machines, which are in private subnets, without images, Git and AWS' APIs: choose single, or per-zone",
    ],
    [
      "no admin",
      { clusterAdmins: [] },
      "clusterAdmins is []: must name at least one IAM role: nobody else reaches the cluster's API",
    ],
    [
      "an admin by its ARN",
      { clusterAdmins: ["arn:aws:iam::111122223333:role/admin"] },
      'clusterAdmins.0 is "arn:aws:iam::111122223333:role/admin": must be the name of an IAM role, without account and path',
    ],
    [
      "a Kubernetes that EKS no longer supports at the usual price",
      { kubernetesVersion: "1.27" },
      'kubernetesVersion is "1.27": must be a version in EKS\' standard support: 1.35 or 1.36',
    ],
    [
      "an API that is open to everyone",
      { publicEndpointCidrs: ["0.0.0.0/0"] },
      'publicEndpointCidrs.0 is "0.0.0.0/0": lets too many in: name the networks that you come from, each a /16 or smaller',
    ],
    [
      "a private network that should reach the API over the internet",
      { publicEndpointCidrs: ["10.1.0.0/16"] },
      'publicEndpointCidrs.0 is "10.1.0.0/16": is private, and nobody comes from there',
    ],
    [
      "a network that is none",
      { publicEndpointCidrs: ["192.0.2.1"] },
      'publicEndpointCidrs.0 is "192.0.2.1": must be an IPv4 block',
    ],
    [
      "an instance type that is unknown",
      { nodeGroup: { ...nodeGroup, instanceTypes: ["c5.large"] } },
      'nodeGroup.instanceTypes.0 is "c5.large"',
    ],
    [
      "no instance type",
      { nodeGroup: { ...nodeGroup, instanceTypes: [] } },
      "nodeGroup.instanceTypes is []: must name at least one instance type",
    ],
    [
      "more machines than the most",
      { nodeGroup: { ...nodeGroup, desired: 4, max: 3 } },
      "min must not exceed desired, nor desired max",
    ],
    [
      "machines that do not hold what the cluster needs",
      { nodeGroup: { ...nodeGroup, instanceTypes: ["t3.large", "t3.medium"], min: 1 } },
      "nodeGroup.instanceTypes.1 is \"t3.medium\": has cpuMillis 1750 left for pods on 1 machine(s), but the cluster's own and the fewest of Berth's request 1860: choose a larger type, raise nodeGroup.min, or lower serviceReplicas.min",
    ],
    [
      "more pods at their fewest than the machines hold",
      { serviceReplicas: { min: 20, max: 20 } },
      "raise nodeGroup.min, or lower serviceReplicas.min",
    ],
    [
      "a cluster's name that is none",
      { clusterName: "Berth_1" },
      'clusterName is "Berth_1": must be',
    ],
  ])("fails with %s", (_what, change, message) => {
    expect(() => parseEnvironment({ ...eks, ...change })).toThrow(message);
  });
});

describe("a machine of a cluster", () => {
  it("holds less than it has, in each of its types", () => {
    for (const type of Object.keys(instanceTypes) as InstanceType[]) {
      const { vCpu, memoryMiB } = instanceTypes[type];
      const left = clusterNodeCapacity(type);
      expect(left.cpuMillis).toBeGreaterThan(0);
      expect(left.cpuMillis).toBeLessThan(vCpu * 1000);
      expect(left.memoryMiB).toBeGreaterThan(0);
      expect(left.memoryMiB).toBeLessThan(memoryMiB);
    }
  });

  it("leaves pods what the kubelet's formula, the kernel and the cluster's daemons leave", () => {
    // 2,000 - (60 + 10) - 180; 8,192 x 0.925 - (255 + 11 x 35 + 100) - 120
    expect(clusterNodeCapacity("t3.large")).toEqual({ cpuMillis: 1750, memoryMiB: 6717 });
  });
});

describe("Karpenter's names", () => {
  it("are the environment's own, and its tag has the cluster's name", () => {
    expect(karpenterNames({ name: "blue", clusterName: "berth" })).toEqual({
      interruptionQueue: "berth-blue-karpenter",
      nodeRole: "berth-blue-karpenter-node",
      discoveryTags: { "karpenter.sh/discovery": "berth" },
    });
  });
});
