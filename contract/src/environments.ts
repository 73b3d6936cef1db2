import { z } from "zod";
import { instanceTypes, machineCapacity, resources, totalRequests } from "./resources";
import type { InstanceType, PlannedPods } from "./resources";

const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and hyphens");

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketName = z
  .string()
  .regex(
    /^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    "must be a bucket name: 3 to 63 of a-z, 0-9 and hyphens, beginning and ending with a letter or digit",
  );

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region: eu-central-1");

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

const aws = {
  region,
  /** Private /16 to /20; each subnet takes a part of it. */
  vpcCidr: z.cidrv4().refine((cidr) => {
    const size = Number(cidr.split("/")[1]);
    return size >= 16 && size <= 20;
  }, "must be between /16 and /20"),
  availabilityZones: z.array(z.string()).min(1).max(3),
  /** Bucket of the models. Bucket names are global: choose your own. */
  modelBucket: bucketName,
  /** Bucket of the Terraform state. */
  stateBucket: bucketName,
  /** Who pays and who answers for it; a tag on everything. */
  owner: z.string().min(1),
  costCentre: z.string().min(1),
};

const local = z.strictObject({
  kind: z.literal("local"),
  name: dnsLabel,
  ...common,
  /** Folder on the kind node that holds `models/`, mounted from the checkout's `service/model`. */
  modelHostPath: z.string().startsWith("/"),
});

const node = z
  .strictObject({
    kind: z.literal("node"),
    name: dnsLabel,
    ...common,
    ...aws,
    instanceType: z.enum(Object.keys(instanceTypes) as [InstanceType, ...InstanceType[]]),
    rootVolumeGiB: z.int().min(20).max(1000),
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
  name: dnsLabel,
  ...common,
  ...aws,
  clusterName: dnsLabel,
});

const environment = z
  .discriminatedUnion("kind", [local, node, eks])
  .superRefine((value, context) => {
    if (value.kind === "local") return;
    value.availabilityZones.forEach((zone, i) => {
      if (!new RegExp(`^${value.region}[a-z]$`).test(zone))
        context.addIssue({
          code: "custom",
          path: ["availabilityZones", i],
          message: `${zone} is not a zone of ${value.region}: name one like ${value.region}a`,
        });
    });
    if (value.modelBucket === value.stateBucket)
      context.addIssue({
        code: "custom",
        path: ["stateBucket"],
        message: `is the model bucket (${value.modelBucket}) too: give the state a bucket of its own`,
      });
  });

/** A place where Berth runs. Adding a kind makes the compiler list what is missing. */
export type Environment = z.infer<typeof environment>;
export type EnvironmentKind = Environment["kind"];
export type LocalEnvironment = z.infer<typeof local>;
export type NodeEnvironment = z.infer<typeof node>;
export type EksEnvironment = z.infer<typeof eks>;
/** An environment that stands on AWS. */
export type AwsEnvironment = NodeEnvironment | EksEnvironment;

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
  const result = environment.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const name = (value as { name?: unknown } | null)?.name;
  const faults = result.error.issues.map((issue) => {
    const received = issue.input === undefined ? "missing" : JSON.stringify(issue.input);
    return `${issue.path.join(".") || "(environment)"} is ${received}: ${issue.message}`;
  });
  throw new Error(`Environment ${JSON.stringify(name)} is wrong:\n- ${faults.join("\n- ")}`);
}
