import type { SynthesizedEnvironment } from "../operations/synthesized-environment";
import { drawEnvironment } from "./draw-environment";

/** A page of Markdown with an environment's diagram. */
export function diagramPage(synthesized: SynthesizedEnvironment): string {
  const { name, region } = synthesized.environment;
  return `<!-- Written by npm run synth from the construct tree. Do not edit. -->

# The stacks of \`${name}\` in ${region}

A group is a stack with a state of its own, a box the resources of one kind in it. An arrow is a value that one stack reads
from another's state. What only sets something of another resource (policies, associations, rules, routes, settings of
buckets) is not drawn. The bucket in the \`state\` stack holds the states of all.

\`\`\`mermaid
${drawEnvironment(synthesized)}
\`\`\`
`;
}
