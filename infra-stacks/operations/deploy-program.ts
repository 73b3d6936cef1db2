import { environments } from "@berth/contract";
import { minutesToMs, runProgram } from "./command-line";
import { deploy } from "./deploy";
import { realWorld } from "./real-world";
import { findEnvironment, readEnvironment } from "./synthesized-environment";

/** Minutes for a machine to boot, make its cluster, and serve. */
const defaultWaitMinutes = "20";

const usage = `usage: npm run deploy -- ENVIRONMENT [--bootstrap] [--yes] [--wait-minutes N]

Deploys an environment's stacks in the order of their dependencies, waits until the page answers, and prints its address.
Each plan is shown and asked about. What stands already is left as it is: after a failure, run it again.

  --bootstrap        make the bucket of the Terraform state where there is none; once for each environment
  --yes              apply every plan without asking
  --wait-minutes N   how long the page may take to answer (${defaultWaitMinutes}); 0 does not wait

Needs Terraform on the PATH and credentials of AWS. To take it down again: npm run destroy -- ENVIRONMENT`;

void runProgram(
  usage,
  {
    yes: { type: "boolean" },
    bootstrap: { type: "boolean" },
    "wait-minutes": { type: "string" },
  },
  async (name, values) => {
    const environment = findEnvironment(environments, name);
    const waitMs = minutesToMs("--wait-minutes", values["wait-minutes"] ?? defaultWaitMinutes);
    await deploy(realWorld(environment.region), readEnvironment("cdktf.out", environment), {
      yes: values.yes ?? false,
      bootstrap: values.bootstrap ?? false,
      waitMs,
    });
  },
);
