import { z } from "zod";
import { awsFaults } from "./aws-faults";
import { longestEnvironmentName } from "./aws-names";
import { awsOptions } from "./aws-options";
import { eksOptions } from "./eks-options";
import { faultsBetween } from "./faults-between";
import { nodeOptions } from "./node-options";
import { machineCapacity, resources, totalRequests } from "./resources";
import type { PlannedPods } from "./resources";

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and hyphens")
  .max(
    longestEnvironmentName,
    `must have at most ${longestEnvironmentName} characters: roles on AWS are named after it`,
  );

const image = z.strictObject({
  repository: z
    .string()
    .regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+$/, "must be registry/path/name"),
  /** The release, or its digest: `sha256:...`. */
  version: z.union([
    z.strictObject({ tag: z.string().regex(/^[\w][\w.-]{0,127}$/) }),
    z.strictObject({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  ]),
});

const common = {
  /** Hostname of the page, where there is one; any hostname is served without. */
  domain: z.hostname().optional(),
  images: z.strictObject({ service: image, web: image }),
  /** Pods of the service that the autoscaler keeps between. */
  serviceReplicas: z
    .strictObject({ min: z.int().min(1), max: z.int().min(1).max(100) })
    .refine((r) => r.min <= r.max, "min must not exceed max"),
  webReplicas: z.int().min(1).max(20),
  /** Where Argo CD reads the committed manifests. */
  git: z.strictObject({
    repository: z
      .string()
      .regex(/^https:\/\/[^\s]+\.git$/, "must be an https address that ends with .git"),
    revision: z.string().min(1),
  }),
};

const local = z.strictObject({
  kind: z.literal("local"),
  name,
  ...common,
  /** Folder on the kind node that holds `models/`, mounted from the checkout's `service/model`. */
  modelHostPath: z.string().startsWith("/"),
});

const node = z
  .strictObject({
    kind: z.literal("node"),
    name,
    ...common,
    ...awsOptions,
    ...nodeOptions,
  })
  .superRefine((environment, context) => {
    const capacity = machineCapacity(environment.instanceType);
    const requested = totalRequests(plannedPods(environment));
    for (const unit of ["cpuMillis", "memoryMiB"] as const)
      if (requested[unit] > capacity[unit])
        context.addIssue({
          code: "custom",
          path: ["instanceType"],
          message:
            `${environment.instanceType} has ${unit} ${capacity[unit]} left for pods, but they request ${requested[unit]}: ` +
            "choose a larger instanceType, or lower serviceReplicas or webReplicas",
        });
  });

const eks = z.strictObject({
  kind: z.literal("eks"),
  name,
  ...common,
  ...awsOptions,
  ...eksOptions,
});

const environment = z
  .discriminatedUnion("kind", [local, node, eks])
  .superRefine((value, context) => {
    if (value.kind === "local") return;
    for (const { path, message } of awsFaults(value))
      context.addIssue({ code: "custom", path, message });
  });

/** A place where Berth runs. Adding a kind makes the compiler list what is missing. */
export type Environment = z.infer<typeof environment>;
export type EnvironmentKind = Environment["kind"];
export type LocalEnvironment = z.infer<typeof local>;
export type NodeEnvironment = z.infer<typeof node>;
export type EksEnvironment = z.infer<typeof eks>;
/** An environment that stands on AWS. */
export type AwsEnvironment = NodeEnvironment | EksEnvironment;

/** The zone of the machine and its data volume. */
export function machineZone(
  environment: Pick<NodeEnvironment, "availabilityZone" | "availabilityZones">,
): string {
  const zone = environment.availabilityZone ?? environment.availabilityZones[0];
  if (zone === undefined) throw new Error("availabilityZones is empty: name at least two zones");
  return zone;
}

/** Berth's own pods of an environment at their most, a rolling update's extra pod included. */
export function plannedPods(
  environment: Pick<Environment, "serviceReplicas" | "webReplicas">,
): PlannedPods[] {
  const surge = 1;
  return [
    {
      name: "service",
      count: environment.serviceReplicas.max + surge,
      resources: resources.service,
    },
    { name: "web", count: environment.webReplicas + surge, resources: resources.web },
  ];
}

/**
 * Reads one environment.
 *
 * @throws {Error} naming every field that is wrong, the value received and what to change
 */
export function parseEnvironment(value: unknown): Environment {
  const result = environment.safeParse(value);
  if (result.success) return result.data;
  const { name } = (value ?? {}) as { name?: unknown };
  const faults = result.error.issues.map((issue) => describeIssue(value, issue));
  throw new Error(`Environment ${JSON.stringify(name)} is wrong:\n- ${faults.join("\n- ")}`);
}

/**
 * Reads environments that stand beside one another.
 *
 * @throws {Error} as {@link parseEnvironment} does for the first that is wrong; and naming everything in which two of them
 * are in each other's way: names, networks, buckets, clusters, GitHub's provider
 */
export function parseEnvironments(values: readonly unknown[]): Environment[] {
  const parsed = values.map(parseEnvironment);
  const faults = faultsBetween(parsed);
  if (faults.length > 0)
    throw new Error(`Environments are in each other's way:\n- ${faults.join("\n- ")}`);
  return parsed;
}

function describeIssue(value: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys")
    return `${[...issue.path, issue.keys.join(", ")].join(".")} is unknown: remove it, or correct its spelling`;
  const received = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const text = received === undefined ? "missing" : JSON.stringify(received);
  return `${issue.path.join(".") || "(environment)"} is ${text}: ${issue.message}`;
}
