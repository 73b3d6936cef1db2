import { environments } from "@berth/contract";
import { estimate } from "../cost/estimate";
import { report } from "../cost/report";
import { synthesizeEnvironment } from "./synthesize-environment";
import { variantsOf } from "../cost/variants";
import { runProgram } from "./command-line";
import { findEnvironment } from "./synthesized-environment";

const usage = `usage: npm run cost [-- ENVIRONMENT]

Estimates what a month of each environment on AWS costs, from its synthesized resources and a dated table of list prices
in the repository, with what it assumes. Asks nobody and needs no account.`;

void runProgram(usage, {}, (name) => {
  const onAws = environments.filter((environment) => environment.kind !== "local");
  const asked = name === undefined ? onAws : [findEnvironment(environments, name)];
  const costs = asked.map((environment) => ({
    name: environment.name,
    region: environment.region,
    estimate: estimate(synthesizeEnvironment(environment)),
    variants: variantsOf(environment).map(({ change, environment: other }) => ({
      change,
      estimate: estimate(synthesizeEnvironment(other)),
    })),
  }));
  console.log(report(costs, new Date()));
  return Promise.resolve();
});
