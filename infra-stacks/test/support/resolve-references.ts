import type { StackJson } from "./stack-json";
import { stackOf } from "./synthesize";
import type { Synthesized } from "./synthesize";

/** The account that the tests are in. */
export const account = "123456789012";

/**
 * Replaces `${...}` references in a text by what AWS would answer: across stacks through their states and outputs, and at
 * last a bucket's ARN from its name, and the account from a constant.
 *
 * @throws {Error} on a reference that leads nowhere, or to something else than a bucket's ARN or the account
 */
export function resolveReferences(stacks: Synthesized, id: string, text: string): string {
  const stack = stackOf(stacks, id);
  return text.replace(/\$\{([^}]+)\}/g, (_, expression: string) => {
    const fault = new Error(`${id}: cannot resolve ${expression}`);

    const remote = /^data\.terraform_remote_state\.([\w-]+)\.outputs\.([\w-]+)$/.exec(expression);
    if (remote) {
      const [, state = "", output = ""] = remote;
      const config = stack.data?.["terraform_remote_state"]?.[state]?.["config"];
      const producer = Object.keys(stacks).find((other) =>
        keepsState(stackOf(stacks, other), config),
      );
      const value = producer && stackOf(stacks, producer).output?.[output]?.["value"];
      if (!producer || typeof value !== "string") throw fault;
      return resolveReferences(stacks, producer, value);
    }

    if (/^data\.aws_caller_identity\.[\w-]+\.account_id$/.test(expression)) return account;

    const arn = /^aws_s3_bucket\.([\w-]+)\.arn$/.exec(expression);
    const bucket = arn && stack.resource?.["aws_s3_bucket"]?.[arn[1] ?? ""]?.["bucket"];
    if (typeof bucket !== "string") throw fault;
    return `arn:aws:s3:::${bucket}`;
  });
}

/** Whether a stack keeps its state in S3 where a reader's `config` looks for it. */
function keepsState(stack: StackJson, config: unknown): boolean {
  const written = stack.terraform.backend["s3"];
  const read = config as Record<string, unknown> | undefined;
  return (
    written !== undefined &&
    read !== undefined &&
    ["bucket", "key", "region"].every((field) => written[field] === read[field])
  );
}
