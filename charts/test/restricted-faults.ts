import { containerUser } from "@berth/contract";
import type { PodSpec } from "./objects";

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
const allowedVolumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** How a pod is looser than Pod Security `restricted`, a read-only root filesystem and no API token. */
export function restrictedFaults(pod: PodSpec): string[] {
  const faults: string[] = [];
  const expect = (holds: boolean | undefined, fault: string) => {
    if (!holds) faults.push(fault);
  };
  expect(pod.automountServiceAccountToken === false, "mounts an API token");
  expect(pod.securityContext?.runAsNonRoot, "may run as root");
  expect(pod.securityContext?.runAsUser === containerUser.uid, "runs as another user");
  expect(pod.securityContext?.runAsGroup === containerUser.gid, "runs as another group");
  expect(pod.securityContext?.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile");
  for (const volume of pod.volumes)
    for (const type of Object.keys(volume).filter((key) => key !== "name"))
      expect(allowedVolumes.includes(type), `mounts ${volume.name} as ${type}`);
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    const context = container.securityContext;
    expect(context?.allowPrivilegeEscalation === false, `${container.name} may gain privileges`);
    expect(context?.capabilities?.drop?.includes("ALL"), `${container.name} keeps capabilities`);
    expect(context?.readOnlyRootFilesystem, `${container.name} can write its root filesystem`);
    expect(!("cpu" in container.resources.limits), `${container.name} is throttled`);
    expect("memory" in container.resources.limits, `${container.name} has no memory limit`);
  }
  return faults;
}
