import { Fault } from "./fault";
import type { SynthesizedStack } from "./synthesized-environment";
import type { World } from "./world";

export interface ApplyOptions {
  /** Apply without asking. */
  readonly yes: boolean;
  /** @default false */
  readonly destroy?: boolean;
}

/**
 * Plans one stack, shows the plan, has it approved, and applies it. Its folder has to be initialized.
 *
 * @throws {Fault} when it is not approved, or Terraform fails
 */
export async function applyStack(
  { terraform, ask, clock, log }: World,
  { id, folder }: Pick<SynthesizedStack, "id" | "folder">,
  { yes, destroy = false }: ApplyOptions,
): Promise<void> {
  const startedAt = clock.now();
  const plan = await terraform.plan(folder, { destroy });
  if (plan.changes) {
    try {
      if (plan.replaced.length > 0) log(`  replaces ${plan.replaced.join(", ")}`);
      if (!destroy && plan.destroyed.length > 0) log(`  destroys ${plan.destroyed.join(", ")}`);
      if (!yes) await approve(ask, `Apply this to ${id}? Only "yes" does: `);
    } catch (error) {
      terraform.discardPlan(folder);
      throw error;
    }
    await terraform.apply(folder);
  }
  const seconds = ((clock.now() - startedAt) / 1000).toFixed(1);
  const done = destroy ? "is gone" : "stands";
  log(`- ${id} ${plan.changes ? done : `${done}, unchanged`} (${seconds} s)`);
}

/** @throws {Fault} unless a person answers yes */
export async function approve(ask: World["ask"], question: string): Promise<void> {
  const answer = await ask(question);
  if (answer === undefined)
    throw new Fault("Nobody is there to be asked: add --yes to go on without asking.");
  if (answer.trim() !== "yes") throw new Fault("Not approved: nothing more was done.");
}
