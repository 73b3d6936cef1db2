/** A statement of an `aws_iam_policy_document`, as it is synthesized. */
export interface Statement {
  readonly sid?: string;
  /** @default "Allow" */
  readonly effect?: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly resources?: readonly string[];
  readonly principals?: readonly {
    readonly type: string;
    readonly identifiers: readonly string[];
  }[];
  readonly condition?: readonly Condition[];
}

interface Condition {
  readonly test: string;
  readonly variable: string;
  readonly values: readonly string[];
}

/** One call to AWS. */
export interface Call {
  readonly action: string;
  /** ARN; left out where the policy itself belongs to the resource, as a role's trust does. */
  readonly resource?: string;
  /** The caller as a policy names it, for policies that name principals: `Service:ec2.amazonaws.com`. */
  readonly principal?: string;
  /** Condition keys of the request; a list for a key that may have many values, such as `aws:TagKeys`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

const understood = ["sid", "effect", "actions", "resources", "principals", "condition"];

/**
 * Decides a call as IAM does: an explicit deny wins, then any allow, and otherwise the call is denied.
 *
 * @returns `denied` for an explicit deny, `refused` where no statement allows the call
 * @throws {Error} on any part of a statement that it does not understand, so that it never answers by guess
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function decide(
  statements: readonly Statement[],
  call: Call,
): "allowed" | "denied" | "refused" {
  const matching = statements.filter((statement) => matches(statement, call));
  if (matching.some((statement) => statement.effect === "Deny")) return "denied";
  return matching.length > 0 ? "allowed" : "refused";
}

function matches(statement: Statement, call: Call): boolean {
  const unknown = Object.keys(statement).find((key) => !understood.includes(key));
  if (unknown !== undefined) throw new Error(`a statement's ${unknown} is not understood`);
  const { actions, resources, principals, condition = [] } = statement;
  return (
    actions.some((action) => like(action.toLowerCase(), call.action.toLowerCase())) &&
    (resources === undefined || resources.some((pattern) => like(pattern, call.resource ?? ""))) &&
    (principals === undefined || names(principals, call.principal)) &&
    condition.map((one) => holds(one, call.context ?? {})).every(Boolean)
  );
}

function names(
  principals: NonNullable<Statement["principals"]>,
  caller: string | undefined,
): boolean {
  return principals.some(({ type, identifiers }) =>
    identifiers.some((identifier) =>
      type === "*" ? identifier === "*" : `${type}:${identifier}` === caller,
    ),
  );
}

function holds(
  { test, variable, values }: Condition,
  context: NonNullable<Call["context"]>,
): boolean {
  const given = context[variable] ?? [];
  const all = typeof given === "string" ? [given] : given;
  // None of a key's values satisfies "all".
  if (test === "ForAllValues:StringEquals") return all.every((value) => values.includes(value));
  if (all.length > 1) throw new Error(`${test} on many values of ${variable} is not understood`);
  const [value] = all;
  switch (test) {
    // ArnEquals knows wildcards, and none of these policies has one there.
    case "ArnEquals":
    case "Bool":
    case "StringEquals":
      return value !== undefined && values.includes(value);
    case "StringEqualsIfExists":
      return value === undefined || values.includes(value);
    case "StringLike":
      return value !== undefined && values.some((pattern) => like(pattern, value));
    default:
      throw new Error(`the condition ${test} is not understood`);
  }
}

/** IAM's wildcards: `*` any characters, also none; `?` any one. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}
