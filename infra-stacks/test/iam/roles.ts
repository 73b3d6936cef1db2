import type { Statement } from "../support/policy";
import { resources } from "../support/stack-json";
import { stackOf } from "../support/synthesize";
import type { Synthesized } from "../support/synthesize";
import { statementsOf } from "../support/statements-of";

/** A role, as it is synthesized. */
export interface Role {
  readonly name: string;
  /** Who may take it. */
  readonly trust: readonly Statement[];
  /** What it may do by policies of the stacks' own. */
  readonly permissions: readonly Statement[];
  /** The names of policies of AWS' that it has beside. */
  readonly managed: readonly string[];
}

const awsPolicies = "arn:aws:iam::aws:policy/";

/** Every role of the stacks, by name. */
export function rolesOf(stacks: Synthesized): Map<string, Role> {
  const roles = Object.keys(stacks).flatMap((id) => rolesOfStack(stacks, id));
  return new Map(roles.map((role) => [role.name, role]));
}

function rolesOfStack(stacks: Synthesized, id: string): Role[] {
  const stack = stackOf(stacks, id);
  const own = Object.entries(stack.resource?.["aws_iam_policy"] ?? {});
  return Object.entries(stack.resource?.["aws_iam_role"] ?? {}).map(([block, role]) => {
    const isRole = ({ role }: { role?: unknown }) =>
      String(role).includes(`aws_iam_role.${block}.`);
    const attached = resources(stack, "aws_iam_role_policy_attachment")
      .filter(isRole)
      .map((attachment) => String(attachment["policy_arn"]));
    const policies = [
      ...resources(stack, "aws_iam_role_policy").filter(isRole),
      ...own
        .filter(([name]) => attached.includes(`\${aws_iam_policy.${name}.arn}`))
        .map(([, p]) => p),
    ];
    return {
      name: String(role["name"]),
      trust: statementsOf(stacks, id, role["assume_role_policy"]),
      permissions: policies.flatMap((policy) => statementsOf(stacks, id, policy["policy"])),
      managed: attached
        .filter((arn) => arn.startsWith(awsPolicies))
        .map((arn) => arn.slice(awsPolicies.length))
        .sort(),
    };
  });
}
