import type { Statement } from "../support/policy";
import type { StackJson } from "../support/stack-json";
import { blocksOf } from "./invariant";

/** What a policy document is for: a role's trust, what a role may do, or who may reach a resource. */
export type DocumentUse = "trust" | "identity" | "resource";

/** Where documents are referred to. */
const uses: readonly (readonly [DocumentUse, string, string])[] = [
  ["trust", "aws_iam_role", "assume_role_policy"],
  ["identity", "aws_iam_role_policy", "policy"],
  ["identity", "aws_iam_policy", "policy"],
  ["resource", "aws_s3_bucket_policy", "policy"],
  ["resource", "aws_sqs_queue_policy", "policy"],
  ["resource", "aws_kms_key", "policy"],
  ["resource", "aws_vpc_endpoint", "policy"],
];

/** The statements of the document that an argument refers to; none where it is a text of its own. */
export function documentOf(stack: StackJson, argument: unknown): Statement[] {
  const name = /^\$\{data\.aws_iam_policy_document\.([\w-]+)\.json\}$/.exec(String(argument))?.[1];
  const document = stack.data?.["aws_iam_policy_document"]?.[name ?? ""];
  return (document?.["statement"] ?? []) as Statement[];
}

/** A statement, and what it is part of. */
export interface UsedStatement {
  readonly use: DocumentUse;
  /** Name of the block whose policy it is. */
  readonly owner: string;
  readonly statement: Statement;
}

/** Every statement of a stack with its use. */
export function usedStatements(stack: StackJson): UsedStatement[] {
  return uses.flatMap(([use, type, argument]) =>
    blocksOf(stack, type).flatMap(([owner, block]) =>
      documentOf(stack, block[argument]).map((statement) => ({ use, owner, statement })),
    ),
  );
}

/** Policies that are written as a text, where no check reads them. */
export function unreadPolicies(stack: StackJson): string[] {
  return uses.flatMap(([, type, argument]) =>
    blocksOf(stack, type)
      .filter(([, block]) => block[argument] !== undefined)
      .filter(([, block]) => documentOf(stack, block[argument]).length === 0)
      .map(([owner]) => owner),
  );
}
