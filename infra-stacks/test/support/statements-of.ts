import type { Statement } from "./policy";
import { resolveReferences } from "./resolve-references";
import { stackOf } from "./synthesize";
import type { Synthesized } from "./synthesize";

/**
 * The statements of the document that a policy argument refers to, with AWS' answers for references.
 *
 * @throws {Error} when the argument refers to no document of the stack
 */
export function statementsOf(stacks: Synthesized, id: string, policy: unknown): Statement[] {
  const name = /^\$\{data\.aws_iam_policy_document\.([\w-]+)\.json\}$/.exec(String(policy))?.[1];
  const document = stackOf(stacks, id).data?.["aws_iam_policy_document"]?.[name ?? ""];
  if (!document) throw new Error(`${id}: no policy document at ${String(policy)}`);
  const resolve = (text: string) => resolveReferences(stacks, id, text);
  return (document["statement"] as Statement[]).map((statement) => ({
    ...statement,
    resources: statement.resources?.map(resolve),
    principals: statement.principals?.map((one) => ({
      ...one,
      identifiers: one.identifiers.map(resolve),
    })),
    condition: statement.condition?.map((one) => ({ ...one, values: one.values.map(resolve) })),
  }));
}
