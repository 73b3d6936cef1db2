import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { historyResponse, metrics, paths } from "@berth/contract";
import type { HistoryEntry, StreamResponseLine } from "@berth/contract";
import { RunningService } from "./support/running-service";
import { StreamClient, stream } from "./support/stream-client";
import { temporaryFolders } from "./support/temporary-folder";

// The service as it is built, with its real model.
jest.setTimeout(180_000);

const newFolder = temporaryFolders();
const running: RunningService[] = [];
const children: ChildProcess[] = [];

async function start(env: Parameters<typeof RunningService.start>[0]) {
  const service = RunningService.start(env);
  running.push(service);
  await service.ready();
  return { service, url: await service.url() };
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

async function wholeHistory(url: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let cursor = ""; ;) {
    const page = historyResponse.parse(
      await (await fetch(`${url}${paths.history}?limit=100${cursor}`)).json(),
    );
    entries.push(...page.entries);
    if (page.nextCursor === null) return entries;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

/** Headlines of our own, all different. */
const headlines = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `Shares of retailer number ${i} fell ${i % 90} percent after it cut its forecast.`,
  );

describe("a stream to the service as a process", () => {
  it("ends with the line to go on from when it is told to end, and no line is lost or answered twice", async () => {
    const folder = newFolder();
    const before = await start({ DATA_DIR: folder });
    const texts = headlines(400);
    const client = await StreamClient.open(before.url);
    client.send(...texts.map((text) => ({ text })));
    const answers: StreamResponseLine[] = [];
    while (answers.length < 20) answers.push((await client.next())!);
    const ended = before.service.stop();
    answers.push(...(await client.rest()));
    const last = answers.pop()!;
    expect(last).toMatchObject({ line: answers.length + 1, error: { code: "not_ready" } });
    expect(answers.length).toBeLessThan(texts.length);
    expect(await ended).toBe(0);

    const after = await start({ DATA_DIR: folder });
    const others = await stream(
      after.url,
      texts.slice(last.line - 1).map((text) => ({ text })),
    );
    expect(others).toHaveLength(texts.length - answers.length);
    expect((await wholeHistory(after.url)).map(({ text }) => text).sort()).toEqual(texts.sort());
  });

  (process.platform === "linux" ? it : it.skip)(
    "has an answer to every line although an inference process is killed",
    async () => {
      const { service, url } = await start({ DATA_DIR: newFolder() });
      const client = await StreamClient.open(url);
      client.send(...headlines(300).map((text) => ({ text })));
      client.end();
      await client.next();
      const { pid } = service.child;
      const [victim] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
      process.kill(Number(victim), "SIGKILL");
      const answers = await client.rest();
      expect(answers.filter((answer) => "error" in answer)).toEqual([]);
      expect(answers).toHaveLength(299);
      expect(await service.metric(`${metrics.inferenceRestarts.name}{cause="exited"}`)).toBe(1);
    },
  );
});

const lines = 100_000;
const distinct = 50;

/** Growth of a process that counts as flat: what the collector leaves lying about, far below what the lines take. */
const flatMiB = 48;

interface SlowRead {
  readonly answers: number;
  /** Most resident memory beyond what there was before, in MiB. */
  readonly growthMiB: number;
  /** Lines that had gone out when the client began to read. */
  readonly sentUnread: number;
}

/** Sends lines without reading an answer until nothing goes out any more, and then reads slowly. */
async function readSlowly(url: string, pid: number): Promise<SlowRead> {
  const residentMiB = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  const texts = headlines(distinct);
  const before = residentMiB();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, residentMiB())), 100);

  const client = await StreamClient.open(url);
  client.response.pause();
  let sent = 0;
  const sending = (async () => {
    while (sent < lines) {
      const text = texts[sent % distinct]!;
      sent++;
      // Padded, so that the kernel's buffers hold a small part of them.
      if (!client.write(`${JSON.stringify({ text, ref: String(sent) }).padEnd(300)}\n`))
        await once(client.request, "drain");
    }
    client.end();
  })();
  for (let last = -1; last !== sent && sent < lines;) {
    last = sent;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  const sentUnread = sent;

  let answers = 0;
  let rest = "";
  for await (const chunk of client.response as AsyncIterable<Buffer>) {
    const complete = (rest + chunk.toString("latin1")).split("\n");
    rest = complete.pop()!;
    for (const line of complete) {
      answers++;
      const { line: number, ref } = JSON.parse(line) as StreamResponseLine;
      if (number !== answers || ref !== String(answers)) throw new Error(`out of order: ${line}`);
    }
    // 64 KiB every 10 ms, about 6 MiB a second: half a minute in all with what the service takes.
    await new Promise((resolve) => setTimeout(resolve, (10 * chunk.length) / 65_536));
  }
  await sending;
  clearInterval(sampling);
  return { answers, growthMiB: most - before, sentUnread };
}

const onLinux = process.platform === "linux" ? it : it.skip;

describe(`${lines} lines to a client that reads slowly`, () => {
  onLinux(
    "stay out of the service's memory, and are all answered, in order, and recorded",
    async () => {
      const { service, url } = await start({ DATA_DIR: newFolder() });
      // The heap and the caches grow to their usual size first.
      await stream(
        url,
        Array.from({ length: 200 }, () => headlines(distinct))
          .flat()
          .map((text) => ({ text })),
      );
      const { answers, growthMiB, sentUnread } = await readSlowly(url, service.child.pid!);
      expect(answers).toBe(lines);
      // The rest waits in the client: what went out is in the kernel's buffers of both directions.
      expect(sentUnread).toBeLessThan(lines / 2);
      expect(growthMiB).toBeLessThan(flatMiB);
      const stored = `${metrics.historyWrites.name}{outcome="stored"}`;
      while ((await service.metric(metrics.journalDepth.name)) > 0);
      expect(await service.metric(stored)).toBe(lines + 200 * distinct);
    },
  );

  /** Answers each line without waiting until the client takes it. */
  const careless = `
    require("node:http").createServer((request, response) => {
      response.flushHeaders();
      let rest = "", number = 0;
      request.on("data", (chunk) => {
        const lines = (rest + chunk).split("\\n");
        rest = lines.pop();
        for (const line of lines)
          response.write(JSON.stringify({ line: ++number, ref: JSON.parse(line).ref, filler: "x".repeat(500) }) + "\\n");
      });
      request.on("end", () => response.end());
    }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
  `;

  onLinux("fail the same check in a server without back pressure", async () => {
    const child = spawn(process.execPath, ["-e", careless], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { answers, growthMiB, sentUnread } = await readSlowly(
      `http://127.0.0.1:${port}`,
      child.pid!,
    );
    expect([answers, sentUnread]).toEqual([lines, lines]);
    expect(growthMiB).toBeGreaterThan(flatMiB);
  });
});
