import type { Fault } from "./aws-faults";
import { clusterNodeCapacity, clusterSystemPods } from "./cluster-capacity";
import type { EksEnvironment } from "./environments";
import { resources, totalRequests } from "./resources";
import type { PlannedPods } from "./resources";

/** What is wrong among the fields of an `eks` environment, each of which is right alone. */
export function eksFaults(environment: EksEnvironment): Fault[] {
  return [...natFaults(environment), ...nodeGroupFaults(environment)];
}

function natFaults({ natGateways }: EksEnvironment): Fault[] {
  return natGateways === "none"
    ? [
        {
          path: ["natGateways"],
          message:
            "leaves the cluster's machines, which are in private subnets, without images, Git and AWS' APIs: " +
            "choose single, or per-zone to outlive a zone",
        },
      ]
    : [];
}

/** The managed machines at their fewest hold what Karpenter needs, and the fewest of Berth's pods. */
function nodeGroupFaults({ nodeGroup, serviceReplicas, webReplicas }: EksEnvironment): Fault[] {
  const pods: PlannedPods[] = [
    ...clusterSystemPods,
    { name: "service", count: serviceReplicas.min, resources: resources.service },
    { name: "web", count: webReplicas, resources: resources.web },
  ];
  const requested = totalRequests(pods);
  return nodeGroup.instanceTypes.flatMap((type, i) => {
    const capacity = clusterNodeCapacity(type);
    return (["cpuMillis", "memoryMiB"] as const)
      .map((unit) => ({ unit, left: capacity[unit] * nodeGroup.min, wanted: requested[unit] }))
      .filter(({ left, wanted }) => wanted > left)
      .map(({ unit, left, wanted }) => ({
        path: ["nodeGroup", "instanceTypes", i],
        message:
          `has ${unit} ${left} left for pods on ${nodeGroup.min} machine(s), but the cluster's own and the fewest of Berth's ` +
          `request ${wanted}: choose a larger type, raise nodeGroup.min, or lower serviceReplicas.min`,
      }));
  });
}
