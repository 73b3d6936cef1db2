import { pageAddressOutput } from "../stacks/page-address-output";
import { applyStack, approve } from "./apply-stack";
import { Fault } from "./fault";
import { requireAccount } from "./require-account";
import { bootstrapState, isBootstrapping } from "./state-home";
import type { SynthesizedEnvironment } from "./synthesized-environment";
import { waitForPage } from "./wait-for-page";
import type { World } from "./world";

export interface DeployOptions {
  /** Apply every plan without asking. */
  readonly yes: boolean;
  /** Make the state bucket when there is none, without asking. */
  readonly bootstrap: boolean;
  /** How long the page may take to answer; 0 does not wait for it. */
  readonly waitMs: number;
}

/**
 * Deploys an environment: its state bucket where there is none yet, then every stack after those that it reads from.
 * What stands already is left as it is, so that after a failure the same command goes on.
 *
 * @returns the page's address, where a stack gives one
 * @throws {Fault} at the first stack that fails; those after it are not touched
 */
export async function deploy(
  world: World,
  { environment, state, layers }: SynthesizedEnvironment,
  options: DeployOptions,
): Promise<string | undefined> {
  const { terraform, account, log } = world;
  await terraform.requireVersion();
  await requireAccount(world, environment);

  if (await needsBootstrap()) await bootstrapState(world, state, options);
  let address: string | undefined;
  for (const stack of [state, ...layers]) {
    try {
      await terraform.init(stack.folder, "-reconfigure");
      await applyStack(world, stack, options);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(
        `${stack.id} failed; no stack after it was touched. Mend it and run the same command again: it goes on there.\n\n${error.message}`,
      );
    }
    if (stack.json.output?.[pageAddressOutput] !== undefined)
      address = String((await terraform.outputs(stack.folder))[pageAddressOutput]);
  }

  if (address === undefined) {
    log(
      "No stack gives the page's address: the cluster's ingress does (kubectl get ingress -A), once it is deployed.",
    );
    return undefined;
  }
  const url = `http://${environment.domain ?? address}/`;
  if (options.waitMs > 0) {
    log(`- waiting for the page at ${url}`);
    await waitForPage(world, {
      address,
      domain: environment.domain,
      limitMs: options.waitMs,
      remedy:
        "The machine may still be starting. Look at it through Session Manager (infra-stacks/README.md), and whether the " +
        "model was published to the model bucket; then run the same command again.",
    });
    log(`- the page answers`);
  }
  log(`\n${url}`);
  if (environment.domain !== undefined)
    log(`${environment.domain}'s A record has to point to ${address}.`);
  return url;

  async function needsBootstrap(): Promise<boolean> {
    if (isBootstrapping(world.root, state)) return true;
    const bucket = environment.stateBucket;
    switch (await account.bucket(bucket)) {
      case "empty":
      case "full":
        return false;
      case "forbidden":
        throw new Fault(
          `The state bucket ${bucket} is not yours, or the credentials may not see it. Bucket names are global: choose another ` +
            "stateBucket in contract/src/deployments.ts, or use credentials of its account.",
        );
      case "absent":
        if (options.bootstrap) return true;
        log(`The state bucket ${bucket} does not exist yet.`);
        try {
          await approve(world.ask, 'Make it now, once for this environment? Only "yes" does: ');
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          throw new Fault(
            `The state bucket ${bucket} does not exist: add --bootstrap to make it, once for this environment.`,
          );
        }
        return true;
    }
  }
}
