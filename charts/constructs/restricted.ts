import { containerUser } from "@berth/contract";
import type { PodSecurityContext, SecurityContext } from "cdk8s-plus-27/lib/imports/k8s";

/**
 * Labels of a namespace that refuses pods which are not restricted. `warn` tells whoever applies a Deployment,
 * since `enforce` alone only shows in its ReplicaSet's events.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export const restrictedNamespaceLabels = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
} as const;

/** A pod within the `restricted` standard. Its volumes belong to the user that its containers run as. */
export const restrictedPod: PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: containerUser.uid,
  runAsGroup: containerUser.gid,
  fsGroup: containerUser.gid,
  fsGroupChangePolicy: "OnRootMismatch",
  seccompProfile: { type: "RuntimeDefault" },
};

/** A container within the `restricted` standard, whose root filesystem is read-only besides. */
export const restrictedContainer: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
