import type { Block, StackJson } from "./stack-json";
import { stackOf } from "./synthesize";
import type { Synthesized } from "./synthesize";

/** The account that the tests are in. */
export const account = "123456789012";

/** The region of the fixtures. */
const region = "eu-central-1";

/** What AWS answers for an attribute, from a resource's arguments and the name of its block. */
const attributes: Record<string, (block: Block, name: string) => string> = {
  "aws_s3_bucket.arn": ({ bucket }) => `arn:aws:s3:::${bucket}`,
  "aws_iam_role.arn": ({ name }) => `arn:aws:iam::${account}:role/${name}`,
  "aws_cloudwatch_log_group.arn": ({ name }) =>
    `arn:aws:logs:${region}:${account}:log-group:${name}`,
  "aws_sqs_queue.arn": ({ name }) => `arn:aws:sqs:${region}:${account}:${name}`,
  "aws_cloudwatch_event_rule.arn": ({ name }) => `arn:aws:events:${region}:${account}:rule/${name}`,
  "aws_eks_cluster.arn": ({ name }) => `arn:aws:eks:${region}:${account}:cluster/${name}`,
  "aws_eks_cluster.vpc_config[0].cluster_security_group_id": ({ name }) => `sg-${name}`,
  "aws_kms_key.arn": (_, name) => `arn:aws:kms:${region}:${account}:key/${name}`,
  "aws_subnet.arn": ({ tags }) =>
    `arn:aws:ec2:${region}:${account}:subnet/${(tags as Record<string, string>)["Name"]}`,
};

/**
 * Replaces `${...}` references in a text by what AWS would answer: across stacks through their states and outputs, and at
 * last from a resource's arguments, and the account from a constant.
 *
 * @throws {Error} on a reference that leads nowhere, or to what these tests know no answer for
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

    // Made by this environment, or by another of the account.
    if (/^(data\.)?aws_iam_openid_connect_provider\.[\w-]+\.arn$/.test(expression))
      return `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;

    const [, type = "", name = "", attribute = ""] =
      /^(aws_\w+)\.([\w-]+)\.(.+)$/.exec(expression) ?? [];
    const block = stack.resource?.[type]?.[name];
    const answer = attributes[`${type}.${attribute}`];
    if (!block || !answer) throw fault;
    return answer(block, name);
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
