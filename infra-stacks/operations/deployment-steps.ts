import type { AwsEnvironment } from "@berth/contract";
import { pageAddressOutput } from "../stacks/page-address-output";
import { applyStack, approve } from "./apply-stack";
import { Fault } from "./fault";
import { requireAccount } from "./require-account";
import { bootstrapState, isBootstrapping } from "./state-home";
import type { SynthesizedEnvironment, SynthesizedStack } from "./synthesized-environment";
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

/** @throws {Fault} where there is no usable Terraform, or no credentials of the environment's account */
export async function requireTools(world: World, environment: AwsEnvironment): Promise<void> {
  await world.terraform.requireVersion();
  await requireAccount(world, environment);
}

/**
 * Makes the state bucket where there is none yet.
 *
 * @throws {Fault} when it is somebody else's, or nobody allows to make it
 */
export async function ensureState(
  world: World,
  { environment, state }: SynthesizedEnvironment,
  options: DeployOptions,
): Promise<void> {
  if (isBootstrapping(world.root, state)) return bootstrapState(world, state, options);
  const bucket = environment.stateBucket;
  const found = await world.account.bucket(bucket);
  if (found === "forbidden")
    throw new Fault(
      `The state bucket ${bucket} is not yours, or the credentials may not see it. Bucket names are global: choose another ` +
        "stateBucket in contract/src/deployments.ts, or use credentials of its account.",
    );
  if (found !== "absent") return;
  if (!options.bootstrap) {
    world.log(`The state bucket ${bucket} does not exist yet.`);
    try {
      await approve(world.ask, 'Make it now, once for this environment? Only "yes" does: ');
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(
        `The state bucket ${bucket} does not exist: add --bootstrap to make it, once for this environment.`,
      );
    }
  }
  await bootstrapState(world, state, options);
}

/**
 * Applies stacks in their order.
 *
 * @returns the page's public address, where one of them gives it
 * @throws {Fault} at the first stack that fails; those after it are not touched
 */
export async function deployStacks(
  world: World,
  stacks: readonly SynthesizedStack[],
  options: DeployOptions,
): Promise<string | undefined> {
  let address: string | undefined;
  for (const stack of stacks) {
    try {
      await world.terraform.init(stack.folder, "-reconfigure");
      await applyStack(world, stack, options);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(
        `${stack.id} failed; no stack after it was touched. Mend it and run the same command again: it goes on there.\n\n${error.message}`,
      );
    }
    if (stack.json.output?.[pageAddressOutput] !== undefined)
      address = String((await world.terraform.outputs(stack.folder))[pageAddressOutput]);
  }
  return address;
}

/**
 * Waits until the page is served, and prints where.
 *
 * @param address the page's public address, where a stack gives one
 * @returns the page's URL
 * @throws {Fault} when it does not answer in time
 */
export async function waitUntilServed(
  world: World,
  { domain }: AwsEnvironment,
  address: string | undefined,
  { waitMs }: DeployOptions,
): Promise<string | undefined> {
  const { log } = world;
  if (address === undefined) {
    log(
      "No stack gives the page's address: the cluster's ingress does (kubectl get ingress -A), once it is deployed.",
    );
    return undefined;
  }
  const url = `http://${domain ?? address}/`;
  if (waitMs > 0) {
    log(`- waiting for the page at ${url}`);
    await waitForPage(world, {
      address,
      domain,
      limitMs: waitMs,
      remedy:
        "The machine may still be starting. Look at it through Session Manager (infra-stacks/README.md), and whether the " +
        "model was published to the model bucket; then run the same command again.",
    });
    log(`- the page answers`);
  }
  log(`\n${url}`);
  if (domain !== undefined) log(`${domain}'s A record has to point to ${address}.`);
  return url;
}
