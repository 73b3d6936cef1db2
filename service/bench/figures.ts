/** One row of the bench's table. */
export interface Row {
  readonly name: string;
  readonly goal: string;
  readonly value: string;
  /** `undefined` where there is no goal, or nothing was measured. */
  readonly met: boolean | undefined;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Ratios of figures that were taken in turns, round by round: the median, and how far the rounds lie apart. */
export function ratio(
  over: readonly number[],
  under: readonly number[],
): { readonly median: number; readonly text: string } {
  const ratios = over.map((value, i) => value / under[i]!);
  const middle = median(ratios);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return {
    median: middle,
    text: `${middle.toFixed(2)} (rounds ${least.toFixed(2)} to ${most.toFixed(2)})`,
  };
}
