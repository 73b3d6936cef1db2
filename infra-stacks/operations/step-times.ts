import type { Clock } from "./world";

/** How long each step of an operation took. */
export class StepTimes {
  private readonly steps: { readonly name: string; readonly ms: number }[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly log: (line: string) => void,
  ) {}

  async step<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.log(`\n== ${name}`);
    const startedAt = this.clock.now();
    try {
      return await run();
    } finally {
      this.steps.push({ name, ms: this.clock.now() - startedAt });
    }
  }

  get totalMs(): number {
    return this.steps.reduce((sum, { ms }) => sum + ms, 0);
  }

  /** One line a step, and their sum. */
  table(): string[] {
    const line = (name: string, ms: number): string =>
      `  ${name.padEnd(44)} ${inMinutes(ms).padStart(8)}`;
    return [...this.steps.map(({ name, ms }) => line(name, ms)), line("all", this.totalMs)];
  }
}

/** @example `3:07` minutes and seconds */
function inMinutes(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
