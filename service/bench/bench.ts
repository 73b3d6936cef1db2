import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { calm } from "./calm";
import { cleaning } from "./cleaning";
import { eventLoop } from "./event-loop";
import type { Row } from "./figures";
import { historyFaults } from "./history-faults";
import { memory } from "./memory";
import { startService } from "./service-process";
import { speed } from "./speed";
import { start } from "./start";
import { openSubject } from "./subject";

// Measures the built service against its goals, everything side by side in one run. Machines are noisy: read the ratios.

const sections = [
  "speed",
  "calm",
  "event-loop",
  "memory",
  "history-faults",
  "start",
  "cleaning",
] as const;
type Section = (typeof sections)[number];

const usage = `usage: npm run bench -- [--only SECTIONS] [--rounds N] [--seconds N] [--overload SECONDS] [--soak MINUTES]

Measures the built service against its goals and prints a table: goal, measured value, met or missed.

  --only      some of ${sections.join(",")}; "speed" always runs, since the others go by its saturation
  --rounds    of each comparison that is made in turns (3)
  --seconds   of each round (10)
  --overload  seconds at five times saturation (60)
  --soak      minutes at 0.7 of saturation under which memory is watched (2; the goal's own figure is 30)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: sections.join(",") },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "10" },
      overload: { type: "string", default: "60" },
      soak: { type: "string", default: "2" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const wanted = values.only.split(",");
  const unknown = wanted.filter((name) => !sections.includes(name as Section));
  if (unknown.length > 0)
    throw new Error(
      `--only: there is no section ${unknown.join(", ")}, only ${sections.join(", ")}`,
    );
  const rounds = positive(values.rounds);
  const seconds = positive(values.seconds);
  const overload = positive(values.overload);
  const soak = positive(values.soak);

  const progress = (text: string) => process.stderr.write(`- ${text}\n`);
  const startedAt = performance.now();
  const subject = await openSubject();
  console.log(
    `${availableParallelism()} CPUs (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}; ` +
      `${subject.texts.length} texts of ${subject.meanTokens.toFixed(0)} tokens on average`,
  );
  const service = await startService();
  const { rows: speedRows, saturation } = await speed({
    subject,
    service,
    rounds,
    secondsPerRound: seconds,
    progress,
  });
  const rows: Row[] = [...speedRows];
  if (wanted.includes("calm"))
    rows.push(...(await calm({ subject, service, saturation, seconds: overload, progress })));
  if (wanted.includes("event-loop"))
    rows.push(...(await eventLoop({ service, seconds, progress })));
  await service.stop();
  if (wanted.includes("memory")) {
    const fresh = await startService({ INFERENCE_PROCESSES: "2" });
    rows.push(...(await memory({ subject, service: fresh, saturation, minutes: soak, progress })));
    await fresh.stop();
  }
  if (wanted.includes("history-faults"))
    rows.push(
      ...(await historyFaults({
        subject,
        ratePerSecond: 0.5 * saturation,
        rounds,
        secondsPerRound: seconds,
        progress,
      })),
    );
  if (wanted.includes("start")) rows.push(...(await start({ progress })));
  if (wanted.includes("cleaning")) rows.push(...(await cleaning()));
  print(rows);
  progress(`took ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
  process.exit(0);
}

function positive(text: string | undefined): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${text} is no number above 0; see --help`);
  return value;
}

function print(rows: readonly Row[]): void {
  const verdict = ({ met }: Row) => (met === undefined ? "" : met ? "met" : "MISSED");
  const cells = [
    ["", "goal", "measured", ""],
    ...rows.map((row) => [row.name, row.goal, row.value, verdict(row)]),
  ];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...cells.map((row) => row[i]!.length)));
  for (const row of cells)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    );
}

main().catch((error: Error) => {
  console.error(`bench: ${error.stack}`);
  process.exit(1);
});
