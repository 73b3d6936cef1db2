import { z } from "zod";
import { parseCidr } from "./cidr";

/** Default of `kubernetesVersion`. @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html */
export const defaultKubernetesVersion = "1.33";

/** Default of `nodeGroup`: two machines for what must run before Karpenter does, and a third while one is replaced. */
export const defaultNodeGroup = { instanceType: "t3.large", min: 2, max: 3 } as const;

/** Default of `publicEndpointCidrs`: the cluster's API is reached from within its VPC only. */
export const defaultPublicEndpointCidrs: readonly string[] = [];

/** What only an `eks` environment has: its cluster. */
export const eksOptions = {
  clusterName: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and hyphens"),
  /** @default {@link defaultKubernetesVersion} */
  kubernetesVersion: z
    .string()
    .regex(/^1\.\d{2}$/, "must be a minor version of Kubernetes: 1.33")
    .default(defaultKubernetesVersion),
  /** Machines of the managed node group. @default {@link defaultNodeGroup} */
  nodeGroup: z
    .strictObject({
      instanceType: z.string(),
      min: z.int().min(1).max(20),
      max: z.int().min(1).max(20),
    })
    .refine((group) => group.min <= group.max, "min must not exceed max")
    .default(defaultNodeGroup),
  /** Blocks of addresses that reach the cluster's API from the internet. @default none */
  publicEndpointCidrs: z
    .array(
      z.string().superRefine((cidr, context) => {
        try {
          parseCidr(cidr);
        } catch (error) {
          context.addIssue({ code: "custom", message: (error as Error).message, continue: false });
        }
      }),
    )
    .default([...defaultPublicEndpointCidrs]),
};
