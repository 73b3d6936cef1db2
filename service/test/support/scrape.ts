/** Values of a scrape, by series as it is written: `name{label="value"}`. */
export type Series = ReadonlyMap<string, number>;

/** What Node tells of itself: it comes and goes with garbage collections and sockets. */
const ofTheRuntime = /^(process|nodejs)_/;

/** The series of a scrape's text, without those of the runtime. */
export function parseScrape(text: string): Series {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const series = lines.map((line): [string, number] => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  });
  return new Map(series.filter(([name]) => !ofTheRuntime.test(name)));
}

/** By how much each series moved that did; one that came or went by NaN. */
export function moved(before: Series, after: Series): Map<string, number> {
  const names = new Set([...before.keys(), ...after.keys()]);
  const changes = [...names].map((name): [string, number] => [
    name,
    (after.get(name) ?? NaN) - (before.get(name) ?? NaN),
  ]);
  return new Map(changes.filter(([, change]) => change !== 0));
}

/** One value that a histogram is to have taken. */
export interface Observation {
  readonly name: string;
  /** As they are written in a scrape, without braces. */
  readonly labels?: string;
  /** What it must have been; where a clock measured it, whatever the histogram's sum says. */
  readonly value?: number;
}

/** Every series that a histogram moves when it takes one value. */
export function observed(
  after: Series,
  changes: ReadonlyMap<string, number>,
  { name, labels = "", value }: Observation,
): [string, number][] {
  const braced = labels === "" ? "" : `{${labels}}`;
  const taken = value ?? changes.get(`${name}_sum${braced}`);
  if (taken === undefined) throw new Error(`${name}_sum${braced} did not move`);
  const buckets = [...after.keys()].filter(
    (one) => one.startsWith(`${name}_bucket{`) && (labels === "" || one.includes(`,${labels}}`)),
  );
  if (buckets.length === 0) throw new Error(`there is no histogram ${name}${braced}`);
  const reached = buckets.filter((one) => {
    const bound = /le="([^"]+)"/.exec(one)![1]!;
    return bound === "+Inf" || taken <= Number(bound);
  });
  return [
    ...reached.map((one): [string, number] => [one, 1]),
    [`${name}_sum${braced}`, taken],
    [`${name}_count${braced}`, 1],
  ];
}

/**
 * Holds what moved against what should have.
 *
 * @returns one sentence a difference
 */
export function differences(
  changes: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): string[] {
  const names = new Set([...changes.keys(), ...expected.keys()]);
  return [...names].flatMap((name) => {
    const [is, should] = [changes.get(name) ?? 0, expected.get(name) ?? 0];
    // Sums of floating-point numbers.
    return Math.abs(is - should) < 1e-9 ? [] : [`${name} moved by ${is}, not by ${should}`];
  });
}
