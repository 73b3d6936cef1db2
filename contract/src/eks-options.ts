import { z } from "zod";
import { cidrsOverlap, parseCidr, privateRanges } from "./cidr";
import { kubernetesVersions } from "./cluster";
import type { KubernetesVersion } from "./cluster";
import { instanceTypes } from "./resources";
import type { InstanceType } from "./resources";

/** Default of `kubernetesVersion`. */
export const defaultKubernetesVersion: KubernetesVersion = "1.35";

/** Default of `nodeGroup`: two machines for what must run before Karpenter does, and a third while one is replaced. */
export const defaultNodeGroup = {
  instanceTypes: ["t3.large"] as InstanceType[],
  min: 2,
  desired: 2,
  max: 3,
  diskGiB: 30,
};

/** The most addresses that one of `publicEndpointCidrs` may have: those of a /16, a large company's network. */
const shortestPublicPrefix = 16;

/** A block of public addresses. */
const publicCidr = z.string().superRefine((cidr, context) => {
  const refuse = (message: string) =>
    context.addIssue({ code: "custom", message, continue: false });
  try {
    if (parseCidr(cidr).prefixLength < shortestPublicPrefix)
      refuse(
        `lets too many in: name the networks that you come from, each a /${shortestPublicPrefix} or smaller`,
      );
    else if (privateRanges.some((range) => cidrsOverlap(range, cidr)))
      refuse(
        "is private, and nobody comes from there over the internet: remove it, the VPC reaches the API anyway",
      );
  } catch (error) {
    refuse((error as Error).message);
  }
});

/** What only an `eks` environment has: its cluster. */
export const eksOptions = {
  clusterName: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and hyphens"),
  /** @default {@link defaultKubernetesVersion} */
  kubernetesVersion: z
    .enum(
      kubernetesVersions,
      `must be a version in EKS' standard support: ${kubernetesVersions.join(" or ")}`,
    )
    .default(defaultKubernetesVersion),
  /**
   * IAM roles of the account that may do everything in the cluster, by their names. They must exist. Whoever deploys gets
   * no access by that, so one of them is yours.
   */
  clusterAdmins: z
    .array(
      z
        .string()
        .regex(
          /^[\w+=,.@-]{1,64}$/,
          "must be the name of an IAM role, without account and path: AWSReservedSSO_AdministratorAccess_0123456789abcdef",
        ),
    )
    .min(1, "must name at least one IAM role: nobody else reaches the cluster's API"),
  /** Machines of the managed node group. @default {@link defaultNodeGroup} */
  nodeGroup: z
    .strictObject({
      /** In the order in which EC2 is asked for them. A change replaces the machines, one after the other. */
      instanceTypes: z
        .array(z.enum(Object.keys(instanceTypes) as [InstanceType, ...InstanceType[]]))
        .min(1, "must name at least one instance type"),
      min: z.int().min(1).max(20),
      /** How many run, unless EKS is replacing one. */
      desired: z.int().min(1).max(20),
      max: z.int().min(1).max(20),
      /** Root volume of each. */
      diskGiB: z.int().min(20).max(1000),
    })
    .refine(
      ({ min, desired, max }) => min <= desired && desired <= max,
      "min must not exceed desired, nor desired max",
    )
    .default(defaultNodeGroup),
  /** Blocks of addresses that reach the cluster's API from the internet. @default none: only the VPC reaches it */
  publicEndpointCidrs: z.array(publicCidr).max(40).default([]),
};
