/**
 * The paths of the values in which two JSON documents differ, sorted. What only one of them has counts as one place.
 *
 * @example `["stack.resource.aws_instance.a.instance_type"]`
 */
export function changedPlaces(before: unknown, after: unknown, path = ""): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys]
      .sort()
      .flatMap((key) => changedPlaces(before[key], after[key], path ? `${path}.${key}` : key));
  }
  return before === after ? [] : [path];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
