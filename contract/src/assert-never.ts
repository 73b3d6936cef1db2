/** Marks a place that the compiler knows is never reached. A new variant of a union fails to compile here. */
export function assertNever(value: never): never {
  throw new Error(`Not handled: ${JSON.stringify(value)}`);
}
