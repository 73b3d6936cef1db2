/** What a pod asks for, and where it ends. CPU has no limit on purpose: a limit throttles bursts (CFS quota). */
export interface PodResources {
  /** Thousandths of a CPU. */
  readonly cpuMillis: number;
  /** Requested memory. */
  readonly memoryMiB: number;
  /** Memory above which the pod is killed. */
  readonly memoryLimitMiB: number;
}

/** A pod of an environment, counted as often as it can run at once. */
export interface PlannedPods {
  readonly name: string;
  readonly count: number;
  readonly resources: PodResources;
}

/** What a machine has for pods. */
export interface Capacity {
  readonly cpuMillis: number;
  readonly memoryMiB: number;
}

/** Requests of Berth's own workloads. */
export const resources = {
  service: { cpuMillis: 400, memoryMiB: 448, memoryLimitMiB: 768 },
  web: { cpuMillis: 20, memoryMiB: 32, memoryLimitMiB: 64 },
} as const satisfies Record<string, PodResources>;

/** Inference processes of one pod: as many as its memory limit has room for and the smallest machine has CPUs. */
export const inferenceProcessesPerPod = 2;

/**
 * EC2 instance types that an environment may name.
 *
 * @see https://aws.amazon.com/ec2/instance-types/ for vCPU and memory
 */
export const instanceTypes = {
  "t3.medium": { vCpu: 2, memoryMiB: 4096 },
  "t3.large": { vCpu: 2, memoryMiB: 8192 },
  "t3.xlarge": { vCpu: 4, memoryMiB: 16_384 },
  "m6i.large": { vCpu: 2, memoryMiB: 8192 },
  "m6i.xlarge": { vCpu: 4, memoryMiB: 16_384 },
} as const;

/** An EC2 instance type that Berth knows the size of. */
export type InstanceType = keyof typeof instanceTypes;

/**
 * What a single machine spends before any of Berth's pods: kernel, container runtime, kubelet, the kind control
 * plane, ingress controller, metrics-server and Argo CD (core).
 */
export const systemReserve = { cpuMillis: 900, memoryMiB: 1900 } as const satisfies Capacity;

/** What is left of one machine for Berth's pods. */
export function machineCapacity(type: InstanceType): Capacity {
  const machine = instanceTypes[type];
  return {
    cpuMillis: machine.vCpu * 1000 - systemReserve.cpuMillis,
    memoryMiB: machine.memoryMiB - systemReserve.memoryMiB,
  };
}

/** What the pods request in all. */
export function totalRequests(pods: readonly PlannedPods[]): Capacity {
  return {
    cpuMillis: pods.reduce((sum, pod) => sum + pod.count * pod.resources.cpuMillis, 0),
    memoryMiB: pods.reduce((sum, pod) => sum + pod.count * pod.resources.memoryMiB, 0),
  };
}
