import type { StackJson } from "./stack-json";

/** Kinds of resources that hold what is lost with them: data, keys, and addresses that others have noted down. */
export const statefulTypes = [
  "aws_s3_bucket",
  "aws_dynamodb_table",
  "aws_ebs_volume",
  "aws_eip",
  "aws_kms_key",
] as const;

/** The addresses of a stack's stateful resources, and of all that it forbids to destroy. */
export function statefulAddresses(stack: StackJson): string[] {
  return Object.entries(stack.resource ?? {}).flatMap(([type, blocks]) =>
    Object.entries(blocks)
      .filter(
        ([, block]) =>
          (statefulTypes as readonly string[]).includes(type) ||
          preventsDestroy(block["lifecycle"]),
      )
      .map(([id]) => `${type}.${id}`),
  );
}

function preventsDestroy(lifecycle: unknown): boolean {
  return (lifecycle as { prevent_destroy?: boolean } | undefined)?.prevent_destroy === true;
}

/** What a list and the stacks disagree about, one line each. */
export function statefulFaults(listed: readonly string[], found: readonly string[]): string[] {
  return [
    ...listed
      .filter((one) => !found.includes(one))
      .map((one) => `${one} is gone: Terraform would destroy what stands there, and its data`),
    ...found
      .filter((one) => !listed.includes(one))
      .map((one) => `${one} is not listed: Terraform would make it, empty`),
  ];
}
