import { statusCounts } from "../test/support/open-loop";
import { median } from "./figures";
import type { Row } from "./figures";
import { startLoad } from "./open-loop";
import type { ServiceProcess } from "./service-process";
import type { Subject } from "./subject";

export interface MemoryOptions {
  readonly subject: Subject;
  /** With two inference processes. */
  readonly service: ServiceProcess;
  /** Answers per second at saturation. */
  readonly saturation: number;
  readonly minutes: number;
  readonly progress: (text: string) => void;
}

const sampleEveryMs = 1_000;

/** Memory while the service works at 0.7 of saturation: the most that it took, and how it grew. */
export async function memory(options: MemoryOptions): Promise<Row[]> {
  const { subject, service, saturation, minutes, progress } = options;
  const load = startLoad({ port: service.port, texts: subject.texts });
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(service.memoryMiB()), sampleEveryMs);
  const counts: Record<number, number> = {};
  for (let minute = 1; minute <= minutes; minute++) {
    const report = await load.open({ ratePerSecond: 0.7 * saturation, durationMs: 60_000 });
    for (const [status, count] of Object.entries(statusCounts(report.samples)))
      counts[Number(status)] = (counts[Number(status)] ?? 0) + count;
    progress(`soak: minute ${minute} of ${minutes}, ${samples.at(-1)!.toFixed(0)} MiB`);
  }
  clearInterval(timer);
  load.close();
  const most = Math.max(...samples);
  const rows: Row[] = [
    {
      name: `memory of the service and two inference processes (PSS), most of ${minutes} min at 0.7`,
      goal: "<= 450 MiB",
      value: `${most.toFixed(0)} MiB, answers by status ${JSON.stringify(counts)}`,
      met: most <= 450,
    },
  ];
  if (minutes < 4) return rows;
  // Its second half: the median of the last tenth over that of the first tenth of that half.
  const half = samples.slice(samples.length / 2);
  const tenth = Math.ceil(half.length / 10);
  const growth = median(half.slice(-tenth)) - median(half.slice(0, tenth));
  rows.push({
    name: `growth of memory in the second half of ${minutes} min`,
    goal: "<= 30 MiB",
    value: `${growth.toFixed(1)} MiB`,
    met: growth <= 30,
  });
  return rows;
}
