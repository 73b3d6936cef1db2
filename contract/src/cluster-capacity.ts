import { instanceTypes, totalRequests } from "./resources";
import type { Capacity, InstanceType, PlannedPods, PodResources } from "./resources";

/**
 * The most pods that a machine takes: each has an address of the VPC, and a type has room for so many.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni-max-pods.txt
 */
const maxPods: Record<InstanceType, number> = {
  "t3.medium": 17,
  "t3.large": 35,
  "t3.xlarge": 58,
  "m6i.large": 29,
  "m6i.xlarge": 58,
};

/**
 * Share of a machine's memory that its hypervisor and kernel keep, as Karpenter reckons.
 *
 * @see https://karpenter.sh/docs/reference/settings/ (vm-memory-overhead-percent)
 */
const memoryOverhead = 0.075;

/** Memory below which the kubelet evicts pods. */
const evictionMiB = 100;

/** What each machine runs for the cluster: its network, its disks, its pods' roles. Requests of EKS' add-ons. */
const daemons: readonly PodResources[] = [
  /* vpc-cni */ { cpuMillis: 50, memoryMiB: 0, memoryLimitMiB: 0 },
  /* kube-proxy */ { cpuMillis: 100, memoryMiB: 0, memoryLimitMiB: 0 },
  /* ebs-csi-node */ { cpuMillis: 30, memoryMiB: 120, memoryLimitMiB: 768 },
];

/** Requests of Karpenter's controller, two of which run: enough for some tens of machines. */
export const karpenterResources = {
  cpuMillis: 250,
  memoryMiB: 512,
  memoryLimitMiB: 1024,
} as const satisfies PodResources;

/** What must run before Karpenter can start a machine. Requests of EKS' add-ons, and Karpenter's own. */
export const clusterSystemPods: readonly PlannedPods[] = [
  {
    name: "coredns",
    count: 2,
    resources: { cpuMillis: 100, memoryMiB: 70, memoryLimitMiB: 170 },
  },
  {
    name: "metrics-server",
    count: 2,
    resources: { cpuMillis: 100, memoryMiB: 200, memoryLimitMiB: 400 },
  },
  {
    name: "ebs-csi-controller",
    count: 2,
    resources: { cpuMillis: 60, memoryMiB: 240, memoryLimitMiB: 1536 },
  },
  { name: "karpenter", count: 2, resources: karpenterResources },
];

/**
 * What is left of a machine in an EKS cluster, once the kubelet, the system and the cluster's daemons have their part.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go for the kubelet's part
 */
export function clusterNodeCapacity(type: InstanceType): Capacity {
  const { vCpu, memoryMiB } = instanceTypes[type];
  const reservedShares = [0.06, 0.01, 0.005, 0.005];
  const reservedMillis = Array.from({ length: vCpu }, (_, i) => reservedShares[i] ?? 0.0025)
    .map((share) => share * 1000)
    .reduce((sum, millis) => sum + millis, 0);
  const reservedMiB = 255 + 11 * maxPods[type] + evictionMiB;
  const everywhere = totalRequests(
    daemons.map((resources) => ({ name: "daemon", count: 1, resources })),
  );
  return {
    cpuMillis: Math.floor(vCpu * 1000 - reservedMillis - everywhere.cpuMillis),
    memoryMiB: Math.floor(memoryMiB * (1 - memoryOverhead) - reservedMiB - everywhere.memoryMiB),
  };
}
