import { spawnSync } from "node:child_process";
import { awsRegions, environments, recoveries } from "@berth/contract";
import type { AwsRegion } from "@berth/contract";
import { AwsRecoverySource } from "./aws-recovery-source";
import { minutesToMs, runProgram } from "./command-line";
import { Fault } from "./fault";
import { realWorld } from "./real-world";
import { goalMinutes, recover } from "./recover";
import { findEnvironment, readEnvironment } from "./synthesized-environment";
import { writeRecoveries } from "./write-recoveries";

const defaultWaitMinutes = String(goalMinutes);

const usage = `usage: npm run recover -- ENVIRONMENT --region REGION [--without-history] [--yes] [--wait-minutes N]

Lets an environment whose region was lost stand anew in the region that it is replicated to: a new environment named
ENVIRONMENT-REGION, with the newest snapshot of the data volume that was copied there, and the served model from the
bucket's copy. Prints how long each step took. docs/disaster-recovery.md has the drill.

  --region REGION     the environment's replication region
  --without-history   begin with an empty data volume where no snapshot was copied
  --yes               apply every plan without asking
  --wait-minutes N    how long the page may take to answer (${defaultWaitMinutes}); 0 does not wait

Needs Terraform on the PATH and credentials of AWS.`;

void runProgram(
  usage,
  {
    region: { type: "string" },
    "without-history": { type: "boolean" },
    yes: { type: "boolean" },
    "wait-minutes": { type: "string" },
  },
  async (name, values) => {
    const lost = findEnvironment(environments, name);
    const region = awsRegion(values.region);
    const world = {
      ...realWorld(region),
      source: new AwsRecoverySource(),
      recoveries,
      synthesize: (all: typeof recoveries, environment: typeof lost) => {
        writeRecoveries("contract/src/recoveries.ts", all);
        const { status } = spawnSync("npm", ["run", "--silent", "synth"], { stdio: "inherit" });
        if (status !== 0) throw new Fault("The environment cannot be synthesized; see above.");
        return Promise.resolve(readEnvironment("cdktf.out", environment));
      },
    };
    await recover(world, lost, {
      region,
      withoutHistory: values["without-history"] ?? false,
      yes: values.yes ?? false,
      bootstrap: true,
      waitMs: minutesToMs("--wait-minutes", values["wait-minutes"] ?? defaultWaitMinutes),
    });
  },
);

function awsRegion(text: string | undefined): AwsRegion {
  const found = awsRegions.find((one) => one === text);
  if (found === undefined)
    throw new Fault(
      `--region is ${text ?? "missing"}: name the region that the environment is replicated to, such as eu-west-1`,
    );
  return found;
}
