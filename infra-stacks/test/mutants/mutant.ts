import type { Statement } from "../support/policy";
import type { Block, StackJson } from "../support/stack-json";

/** A small mistake in one synthesized stack, and the check that must see it. */
export interface Mutant {
  /** What is wrong, in a few words. */
  readonly name: string;
  /** The stack's id. */
  readonly stack: string;
  readonly mutate: (stack: StackJson) => void;
  /** The name of an invariant; or, where only checkov sees it (scripts/scan-stacks), the id of its check. */
  readonly caughtBy: string | { readonly checkov: string };
}

/**
 * The block of a type in a stack, whose name begins so if it has more than one.
 *
 * @throws {Error} when there is none, since the mutant would change nothing
 */
export function the(stack: StackJson, type: string, beginning = ""): Block {
  const found = Object.entries(stack.resource?.[type] ?? {}).find(([name]) =>
    name.startsWith(beginning),
  );
  if (!found) throw new Error(`no ${type} ${beginning}`);
  return found[1];
}

/** Adds a block. */
export function add(stack: StackJson, type: string, block: Block): void {
  const types = stack.resource as Record<string, Record<string, Block>>;
  types[type] = { ...types[type], mutant: block };
}

/** Takes away every block of a type. @throws {Error} when there is none */
export function remove(stack: StackJson, type: string): void {
  the(stack, type);
  delete (stack.resource as Record<string, unknown>)[type];
}

/** A statement that may be changed. */
export type OpenStatement = {
  -readonly [field in keyof Statement]: Statement[field];
};

/**
 * The first statement of a document, of those whose name begins so, that is right for the mutant.
 *
 * @throws {Error} when there is none
 */
export function statement(
  stack: StackJson,
  document: string,
  fits: (statement: Statement) => boolean = () => true,
): OpenStatement {
  const found = Object.entries(stack.data?.["aws_iam_policy_document"] ?? {})
    .filter(([name]) => name.startsWith(document))
    .flatMap(([, block]) => block["statement"] as OpenStatement[])
    .find(fits);
  if (!found) throw new Error(`no such statement in ${document}`);
  return found;
}

/** The condition of a statement on a variable. @throws {Error} when there is none */
export function conditionOn({ condition = [] }: Statement, variable: RegExp) {
  const found = condition.find((one) => variable.test(one.variable));
  if (!found) throw new Error(`no condition on ${String(variable)}`);
  return found as { test: string; variable: string; values: string[] };
}
