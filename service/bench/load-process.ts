import { paths } from "@berth/contract";
import { KeepAliveClient, encodePost } from "../test/support/keep-alive-client";
import { closedLoop, openLoop } from "../test/support/open-loop";
import type { FromLoadProcess, Target, ToLoadProcess } from "./open-loop";

// The load generator as a process of its own: it shares the machine with the service, but not its event loop or garbage
// collector. It reports what it cost, so that a reader sees how much of the machine it took.

let client: KeepAliveClient | undefined;
let requests: readonly Buffer[] = [];

function aim({ port, texts, headers, maxConnections }: Target): void {
  client?.close();
  client = new KeepAliveClient({ port, ...(maxConnections !== undefined && { maxConnections }) });
  requests = texts.map((text) => encodePost(paths.analyze, { text }, headers));
}

const send = (index: number) => client!.send(requests[index % requests.length]!);

async function run(order: Extract<ToLoadProcess, { kind: "open" | "closed" }>): Promise<void> {
  const before = process.cpuUsage();
  const samples = await (order.kind === "open"
    ? openLoop({ ...order, send })
    : closedLoop({ ...order, send }));
  const { user, system } = process.cpuUsage(before);
  reply({ kind: "report", samples, cpuMicrosPerRequest: (user + system) / samples.length });
}

const reply = (message: FromLoadProcess) => process.send!(message);

process.on("message", (message: ToLoadProcess) => {
  if (message.kind === "aim") aim(message);
  else void run(message);
});
process.on("disconnect", () => process.exit());
