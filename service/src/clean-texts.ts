import { createInterface } from "node:readline";
import { clean, cleaningVersion } from "./domain/clean";

// Cleans texts for training, so that there is one cleaning and no copy of it in Python.
// stdin: one JSON string a line; stdout: the cleaned strings, in the same form and order.

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    console.log(
      "usage: clean-texts < texts.ndjson > cleaned.ndjson   one JSON string a line\n       clean-texts --version",
    );
    return;
  }
  if (process.argv.includes("--version")) {
    console.log(cleaningVersion);
    return;
  }
  let line = 0;
  for await (const json of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    line++;
    const text: unknown = parse(json, line);
    if (typeof text !== "string") throw new Error(`line ${line} is not a JSON string`);
    if (!process.stdout.write(JSON.stringify(clean(text)) + "\n"))
      await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

function parse(json: string, line: number): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(`line ${line} is not valid JSON: ${json.slice(0, 60)}`);
  }
}

main().catch((error: Error) => {
  console.error(`clean-texts: ${error.message}`);
  process.exitCode = 1;
});
