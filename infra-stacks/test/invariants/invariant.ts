import type { Block, StackJson } from "../support/stack-json";

/** Something that holds for every stack of every environment and option. */
export interface Invariant {
  /** A sentence. */
  readonly name: string;
  /** Where it does not hold in a stack, one line each. */
  readonly faults: (stack: StackJson, id: string) => string[];
}

/** The blocks of a type by their names; those of several types where more are given. */
export function blocksOf(stack: StackJson, ...types: string[]): [string, Block][] {
  return types.flatMap((type) => Object.entries(stack.resource?.[type] ?? {}));
}

/** A nested block that occurs at most once, with or without its list. */
export function nested(block: Block, name: string): Block {
  const found = block[name];
  return ((Array.isArray(found) ? found[0] : found) ?? {}) as Block;
}

/** A nested block that may occur many times. */
export function many(block: Block, name: string): Block[] {
  const found = block[name];
  return (found === undefined ? [] : Array.isArray(found) ? found : [found]) as Block[];
}

/** Terraform takes a text for a boolean. */
export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

/** An invariant of each block of some types. `fault` says what is wrong with one, or nothing. */
export function ofEach(
  name: string,
  types: readonly string[],
  fault: (block: Block, stack: StackJson, blockName: string) => unknown,
): Invariant {
  return {
    name,
    faults: (stack, id) =>
      blocksOf(stack, ...types).flatMap(([blockName, block]) => {
        const found = fault(block, stack, blockName);
        return found ? [`${id}: ${blockName}: ${String(found)}`] : [];
      }),
  };
}

/** An invariant that some types do not occur at all. */
export function without(name: string, types: readonly string[]): Invariant {
  return ofEach(name, types, () => "is there");
}
