import { environments } from "@berth/contract";
import { runProgram } from "./command-line";
import { destroy } from "./destroy";
import { realWorld } from "./real-world";
import { findEnvironment, readEnvironment } from "./synthesized-environment";

const usage = `usage: npm run destroy -- ENVIRONMENT [--delete-data NAME]... [--yes]

Takes an environment down in the reverse order of its stacks' dependencies, then lists what is left with its tags.
Buckets that hold objects and volumes are not deleted, and nothing else is, until each is named. The state bucket and
snapshots stay.

  --delete-data NAME   delete this bucket with every version of its objects, or this volume; may be given more than once.
                       With the state bucket's name, that goes too, last
  --yes                do not ask

Exit status 1 when something is left that nobody asked to keep.`;

void runProgram(
  usage,
  { yes: { type: "boolean" }, "delete-data": { type: "string", multiple: true } },
  async (name, values) => {
    const environment = findEnvironment(environments, name);
    await destroy(realWorld(environment.region), readEnvironment("cdktf.out", environment), {
      yes: values.yes ?? false,
      deleteData: values["delete-data"] ?? [],
    });
  },
);
