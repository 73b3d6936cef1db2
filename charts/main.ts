import { resolve } from "node:path";
import { environments, servedModel } from "@berth/contract";
import { synthesize } from "./synthesize";
import { writeManifests } from "./write-manifests";

// cdk8s-cli names its output folder in the environment. This file runs from charts/dist/.
const folder = process.env.CDK8S_OUTDIR || resolve(__dirname, "../manifests");

const manifests = synthesize(environments, servedModel);
const { missing, changed, extra } = writeManifests(folder, manifests);
console.log(
  `${manifests.size} manifests of ${environments.length} environments: ` +
    `${missing.length} new, ${changed.length} changed, ${extra.length} removed`,
);
