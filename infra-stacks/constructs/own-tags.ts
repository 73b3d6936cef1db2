import { project } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";

interface Condition {
  readonly test: string;
  readonly variable: string;
  readonly values: string[];
}

/** Holds for what an environment's tags are on already (`ResourceTag`), or are put on by the call (`RequestTag`). */
export function ownTags(
  key: "aws:ResourceTag" | "aws:RequestTag",
  environment: Pick<AwsEnvironment, "name">,
): Condition[] {
  return Object.entries({ project, environment: environment.name }).map(([tag, value]) => ({
    test: "StringEquals",
    variable: `${key}/${tag}`,
    values: [value],
  }));
}
