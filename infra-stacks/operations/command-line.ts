import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { Fault } from "./fault";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Runs one operation as a program: `--help` explains, a wrong argument ends it with 2, a foreseen fault with 1 and its
 * message alone.
 */
export async function runProgram<T extends Options>(
  usage: string,
  options: T,
  run: (
    name: string | undefined,
    values: ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>["values"],
  ) => Promise<void>,
): Promise<void> {
  let parsed;
  try {
    parsed = parseArgs({
      args: process.argv.slice(2),
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (parsed.positionals.length > 1)
      throw new Error(`Unexpected: ${parsed.positionals.slice(1).join(" ")}`);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const { help, ...values } = parsed.values as { help?: boolean };
  if (help) return console.log(usage);
  try {
    await run(parsed.positionals[0], values as Parameters<typeof run>[1]);
  } catch (error) {
    console.error(error instanceof Fault ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** @throws {Fault} when the text is no number of minutes */
export function minutesToMs(option: string, text: string): number {
  const minutes = Number(text);
  if (text.trim() === "" || !Number.isFinite(minutes) || minutes < 0)
    throw new Fault(
      `${option} is ${JSON.stringify(text)}: give minutes, such as 20; 0 does not wait`,
    );
  return minutes * 60_000;
}
