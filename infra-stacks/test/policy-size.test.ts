import { longestEnvironmentName, parseEnvironment } from "@berth/contract";
import { eks, node } from "./support/fixtures";
import type { Statement } from "./support/policy";
import { resources } from "./support/stack-json";
import { statementsOf } from "./support/statements-of";
import { stackOf, synthesize } from "./support/synthesize";
import type { Synthesized } from "./support/synthesize";

/**
 * Characters that AWS takes, white space aside: of all policies of a role's own together, and of one that stands apart.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const longest = { aws_iam_role_policy: 10_240, aws_iam_policy: 6_144 };

/** The length of a policy as AWS counts it. */
function lengthOf(statements: readonly Statement[]): number {
  const document = {
    Version: "2012-10-17",
    Statement: statements.map(({ sid, effect = "Allow", actions, resources, condition = [] }) => {
      const tests: Record<string, Record<string, readonly string[]>> = {};
      for (const { test, variable, values } of condition)
        tests[test] = { ...tests[test], [variable]: values };
      return {
        Sid: sid,
        Effect: effect,
        Action: actions,
        Resource: resources,
        ...(condition.length > 0 ? { Condition: tests } : {}),
      };
    }),
  };
  return JSON.stringify(document).length;
}

/** Every policy that is longer than AWS takes. */
function tooLong(stacks: Synthesized): string[] {
  return Object.keys(stacks).flatMap((id) =>
    Object.entries(longest).flatMap(([type, limit]) => {
      const lengths = new Map<string, number>();
      for (const block of resources(stackOf(stacks, id), type)) {
        const owner = String(block["role"] ?? block["name"]);
        const length = lengthOf(statementsOf(stacks, id, block["policy"]));
        lengths.set(owner, (lengths.get(owner) ?? 0) + length);
      }
      return [...lengths]
        .filter(([, length]) => length > limit)
        .map(([owner, length]) => `${id}: ${owner} has ${length} of ${limit}`);
    }),
  );
}

/** An environment with names as long as they may be, which policies name again and again. */
function withLongNames(environment: typeof node | typeof eks) {
  const name = environment.kind.padEnd(longestEnvironmentName, "x");
  const bucket = (what: string) => `${environment.kind}-${what}`.padEnd(55, "x");
  return parseEnvironment({
    ...environment,
    name,
    modelBucket: bucket("models"),
    stateBucket: bucket("state"),
    backups: { bucket: bucket("backups") },
    replication: { region: "ap-southeast-3" },
  });
}

describe("the policies", () => {
  it("are no longer than AWS takes", () => {
    expect(tooLong(synthesize())).toEqual([]);
  });

  it("are no longer with the longest names and every option", () => {
    expect(tooLong(synthesize({ environments: [node, eks].map(withLongNames) }))).toEqual([]);
  });

  it("fail when one has a thousand characters too many", () => {
    const stacks = structuredClone(synthesize());
    const documents = stackOf(stacks, "berth-eks-identity").data?.["aws_iam_policy_document"] ?? {};
    const [, document] = Object.entries(documents).find(([name]) =>
      name.startsWith("service_permissions"),
    )!;
    const many = Array.from({ length: 1_000 }, (_, i) => `s3:Get${String(i).padStart(5, "0")}`);
    (document["statement"] as { actions: string[] }[])[0]!.actions.push(...many);
    expect(tooLong(stacks)).toEqual([
      expect.stringMatching(/^berth-eks-identity: .*service_role.* has \d+ of 10240$/),
    ]);
  });
});
