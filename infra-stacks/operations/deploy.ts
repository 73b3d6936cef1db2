import { deployStacks, ensureState, requireTools, waitUntilServed } from "./deployment-steps";
import type { DeployOptions } from "./deployment-steps";
import type { SynthesizedEnvironment } from "./synthesized-environment";
import type { World } from "./world";

/**
 * Deploys an environment: its state bucket where there is none yet, then every stack after those that it reads from.
 * What stands already is left as it is, so that after a failure the same command goes on.
 *
 * @returns the page's address, where a stack gives one
 * @throws {Fault} at the first stack that fails; those after it are not touched
 */
export async function deploy(
  world: World,
  synthesized: SynthesizedEnvironment,
  options: DeployOptions,
): Promise<string | undefined> {
  const { environment, state, layers } = synthesized;
  await requireTools(world, environment);
  await ensureState(world, synthesized, options);
  const address = await deployStacks(world, [state, ...layers], options);
  return waitUntilServed(world, environment, address, options);
}
