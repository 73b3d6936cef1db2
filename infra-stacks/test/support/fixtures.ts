import { parseEnvironment } from "@berth/contract";
import type {
  EksEnvironment,
  LocalEnvironment,
  ModelArtifact,
  NodeEnvironment,
} from "@berth/contract";

// Values of the tests' own: a team that edits contract/src/deployments.ts, or pins another model, breaks no test here.
const image = { repository: "ghcr.io/berth-example/berth", version: { tag: "0.1.0" } };
const common = {
  images: { service: image, web: image },
  git: { repository: "https://github.com/berth-example/berth.git", revision: "main" },
  serviceReplicas: { min: 1, max: 1 },
  webReplicas: 1,
};
const aws = { region: "eu-central-1", owner: "platform", costCentre: "ml" };

export const local = parseEnvironment({
  kind: "local",
  name: "local",
  ...common,
  modelHostPath: "/var/lib/berth/model",
}) as LocalEnvironment;

export const node = parseEnvironment({
  kind: "node",
  name: "node",
  ...common,
  ...aws,
  vpcCidr: "10.20.0.0/16",
  availabilityZones: ["eu-central-1a", "eu-central-1b"],
  modelBucket: "berth-example-node-models",
  backups: { bucket: "berth-example-node-backups" },
  github: {},
  stateBucket: "berth-example-node-state",
  instanceType: "t3.medium",
  rootVolumeGiB: 30,
}) as NodeEnvironment;

export const eks = parseEnvironment({
  kind: "eks",
  name: "eks",
  ...common,
  ...aws,
  vpcCidr: "10.30.0.0/16",
  availabilityZones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  modelBucket: "berth-example-eks-models",
  backups: { bucket: "berth-example-eks-backups" },
  github: { oidcProvider: "existing" },
  stateBucket: "berth-example-eks-state",
  natGateways: "single",
  clusterName: "berth",
  clusterAdmins: ["platform-admin"],
}) as EksEnvironment;

export const model: ModelArtifact = {
  name: "ag-news-minilm",
  version: "1.0.0",
  labels: ["World", "Sports"],
  manifestSha256: "0".repeat(64),
};
