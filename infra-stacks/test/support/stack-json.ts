/** One block of Terraform's JSON: its arguments. */
export type Block = Record<string, unknown>;

/** Blocks by type, then by name. */
export type Blocks = Record<string, Record<string, Block>>;

/** A synthesized stack (`cdk.tf.json`), as far as the tests read it. */
export interface StackJson {
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly output?: Record<string, Block>;
  readonly provider?: Record<string, readonly Block[]>;
  readonly terraform: {
    readonly backend: Record<string, Block>;
    readonly required_version?: string;
  };
}

/** Every resource of a type, in the order of their names. */
export function resources(stack: StackJson, type: string): Block[] {
  return Object.values(stack.resource?.[type] ?? {});
}

/**
 * The one resource of a type.
 *
 * @throws {Error} when there is none, or more than one
 */
export function theResource(stack: StackJson, type: string): Block {
  const [found, ...others] = resources(stack, type);
  if (!found || others.length > 0)
    throw new Error(`${found ? others.length + 1 : 0} of ${type}, not one`);
  return found;
}
