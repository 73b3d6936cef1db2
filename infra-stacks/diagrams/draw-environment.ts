import { Fault } from "../operations/fault";
import type {
  Block,
  StackJson,
  SynthesizedEnvironment,
  SynthesizedStack,
} from "../operations/synthesized-environment";

/** Kinds that only set something of another resource: a reader looks for the resource. */
const settings =
  /^aws_(s3_bucket_(?!replication)\w+|\w+_association|\w+_attachment|iam_role_policy|kms_alias|\w+_key_policy|sqs_queue_policy|vpc_security_group_\w+_rule|route)$/;

function isDrawn(type: string): boolean {
  return type.startsWith("aws_") && !settings.test(type);
}

/** All resources of one kind in a stack. */
interface Kind {
  readonly type: string;
  readonly count: number;
  /** The regions of those that do not stand where their stack does. */
  readonly elsewhere: readonly string[];
}

/** A value of one stack that another reads. */
interface CrossReference {
  readonly from: string;
  readonly to: string;
  readonly attribute: string;
}

/**
 * Draws an environment's stacks in Mermaid: a group for each stack, its resources by kind, and an arrow for each value that
 * one stack reads from another, from the resource that has it to the one that needs it.
 */
export function drawEnvironment({ state, layers }: SynthesizedEnvironment): string {
  const stacks = [state, ...layers];
  const lines = ["flowchart LR"];
  for (const stack of stacks) {
    lines.push(`  subgraph ${mermaidId(stack.id)}["${stack.id}"]`);
    for (const kind of kindsOf(stack.json))
      lines.push(`    ${kindId(stack, kind.type)}["${label(kind)}"]`);
    lines.push("  end");
  }
  const attributes = new Map<string, Set<string>>();
  for (const { from, to, attribute } of stacks.flatMap((stack) => referencesInto(stack, stacks))) {
    const key = `${from} -->|@| ${to}`;
    attributes.set(key, (attributes.get(key) ?? new Set()).add(attribute));
  }
  for (const [arrow, names] of [...attributes].sort(([one], [other]) => (one < other ? -1 : 1)))
    lines.push(`  ${arrow.replace("@", [...names].sort().join(", "))}`);
  return lines.join("\n");
}

function kindsOf(json: StackJson): Kind[] {
  const regionOf = ({ provider }: Block): string | undefined => {
    const alias = typeof provider === "string" ? provider.split(".")[1] : undefined;
    const found = json.provider?.["aws"]?.find((one) => one["alias"] === alias);
    return alias === undefined ? undefined : String(found?.["region"]);
  };
  return Object.entries(json.resource ?? {})
    .filter(([type]) => isDrawn(type))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([type, blocks]) => {
      const elsewhere = Object.values(blocks)
        .map(regionOf)
        .filter((one) => one !== undefined);
      return { type, count: Object.keys(blocks).length, elsewhere };
    });
}

function label({ type, count, elsewhere }: Kind): string {
  const name = type.replace(/^aws_/, "").replaceAll("_", " ");
  const [region] = elsewhere;
  const place = region && `, ${elsewhere.length < count ? "also " : ""}in ${region}`;
  return `${name}${count > 1 ? ` × ${count}` : ""}${place ?? ""}`;
}

/** What a stack reads from others. */
function referencesInto(
  stack: SynthesizedStack,
  stacks: readonly SynthesizedStack[],
): CrossReference[] {
  const blocks = [...blocksOf(stack.json.resource), ...blocksOf(stack.json.data)];
  return blocks.flatMap(({ type, block }) =>
    [
      ...JSON.stringify(block).matchAll(
        /data\.terraform_remote_state\.([\w-]+)\.outputs\.([\w-]+)/g,
      ),
    ].map(([reference, remote = "", output = ""]) => {
      const id = remote.replace("cross-stack-reference-input-", "");
      const producer = stacks.find((one) => one.id === id);
      const value = String(producer?.json.output?.[output]?.["value"]);
      const [, from, attribute] = /^\$\{(aws_\w+)\.[\w-]+\.([\w-]+)\}$/.exec(value) ?? [];
      if (producer === undefined || from === undefined || attribute === undefined)
        throw new Fault(`${stack.id} reads ${reference}, which no resource of another stack has`);
      return {
        from: kindId(producer, from),
        to: kindId(stack, drawnFor(stack, type, block)),
        attribute,
      };
    }),
  );
}

/**
 * The kind that stands for a block: its own, or where that is not drawn, the one that it belongs to, or else one beside it in the
 * construct tree.
 */
function drawnFor(stack: SynthesizedStack, type: string, block: Block): string {
  const drawn = blocksOf(stack.json.resource).filter((one) => isDrawn(one.type));
  if (drawn.some((one) => one.type === type && one.block === block)) return type;
  const [, owner] = /\$\{(aws_\w+)\./.exec(JSON.stringify(block)) ?? [];
  if (drawn.some((one) => one.type === owner)) return String(owner);
  for (let scope = parent(pathOf(block)); scope !== ""; scope = parent(scope)) {
    const beside = drawn
      .filter((one) => pathOf(one.block).startsWith(`${scope}/`))
      .map((one) => one.type);
    // A policy is a role's, rather than that of the profile which gives the role to a machine.
    const [first] = beside;
    if (first !== undefined) return beside.find((one) => one === "aws_iam_role") ?? first;
  }
  throw new Fault(`${stack.id} has nothing that can be drawn for a ${type}`);
}

function blocksOf(blocks: StackJson["resource"]): { type: string; block: Block }[] {
  return Object.entries(blocks ?? {}).flatMap(([type, byName]) =>
    Object.values(byName).map((block) => ({ type, block })),
  );
}

/** Where a resource is in the construct tree: `berth-node-node/machine/instance`. */
function pathOf(block: Block): string {
  const note = block["//"] as { metadata?: { path?: string } } | undefined;
  return note?.metadata?.path ?? "";
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function kindId(stack: SynthesizedStack, type: string): string {
  return mermaidId(`${stack.id}.${type}`);
}

function mermaidId(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, "_");
}
