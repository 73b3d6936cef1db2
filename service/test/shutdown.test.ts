import { connect } from "node:net";
import { once } from "node:events";
import {
  analyzeResponse,
  endpoints,
  errorResponse,
  historyEntryPath,
  latencyBudget,
  metrics,
  paths,
} from "@berth/contract";
import { encodePost } from "./support/keep-alive-client";
import { childrenOf, exists, inferenceProcessesOf, onLinux } from "./support/processes";
import { RawClient } from "./support/raw-http";
import type { RawAnswer } from "./support/raw-http";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// SIGTERM, and what clients see of it. Kubernetes has waited `preStopMs` by then; other callers have not.

jest.setTimeout(90_000);

const newFolder = temporaryFolders();
const text = "Ministers from nine countries met in Geneva to negotiate a ceasefire.";
const analyze = encodePost(paths.analyze, { text });
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: berth\r\n\r\n`;

/** What SIGTERM may take before Kubernetes kills. */
const graceMs = latencyBudget.terminationGraceMs - latencyBudget.preStopMs;

/** What it takes when clients behave: lingering for connections that bring nothing, and ending. With room for a busy machine. */
const promptMs = 5_000;

const running: RunningService[] = [];
async function start(env: Parameters<typeof RunningService.start>[0]): Promise<RunningService> {
  const service = RunningService.start(env);
  running.push(service);
  await service.ready();
  return service;
}
afterEach(async () => {
  await Promise.all(
    running.splice(0).map(async ({ child, exited }) => {
      const pids = exists(child.pid!) ? [child.pid!, ...childrenOf(child.pid!)] : [];
      for (const pid of pids.filter(exists)) process.kill(pid, "SIGKILL");
      await exited;
    }),
  );
});

const open = async (service: RunningService) => RawClient.open(await service.url());

/** Sends a request and waits for the end of its answer; the connection stays. */
async function ask(client: RawClient, request: string | Buffer): Promise<RawAnswer> {
  client.received = "";
  client.send(request);
  await client.until(/\r\n\r\n.*\}\s*$/s);
  return client.answers()[0]!;
}

const stopping = (service: RunningService) =>
  service.logged(({ msg }) => msg.startsWith("stopping"));
const wasCut = (service: RunningService) => service.log.some(({ msg }) => msg.includes("cut off"));

/** Sends SIGTERM. @returns exit code, and how long it took */
async function terminate(service: RunningService) {
  const startedAt = performance.now();
  const status = await service.stop();
  return { status, tookMs: performance.now() - startedAt };
}

async function refusesConnections(service: RunningService): Promise<boolean> {
  const socket = connect(Number(new URL(await service.url()).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

describe("SIGTERM", () => {
  onLinux(
    "makes the service not ready at once; what is in flight or comes over open connections is answered",
    async () => {
      const folder = newFolder();
      const service = await start({ DATA_DIR: folder });
      const [inFlight, held, prober] = [
        await open(service),
        await open(service),
        await open(service),
      ];
      expect((await ask(held, get(paths.healthz))).status).toBe(200);
      expect((await ask(prober, get(paths.readyz))).status).toBe(200);
      // Held up in the middle of its work.
      const pids = inferenceProcessesOf(service.child.pid!);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      inFlight.send(analyze);
      // Another request that was sent later is answered: the first one was taken.
      expect((await ask(held, get(paths.healthz))).status).toBe(200);

      const ended = terminate(service);
      await stopping(service);
      const probed = await ask(prober, get(paths.readyz));
      expect([probed.status, probed.headers.get("connection")]).toEqual([503, "close"]);
      expect(errorResponse.parse(JSON.parse(probed.body)).error.code).toBe("not_ready");
      await prober.closed;
      for (const pid of pids) process.kill(pid, "SIGCONT");
      // A proxy sends the next request over a connection that it held.
      const late = await ask(held, encodePost(paths.analyze, { text: `${text} Again.` }));
      expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
      expect(await refusesConnections(service)).toBe(true);
      await Promise.all([inFlight.closed, held.closed]);
      const [first] = inFlight.answers();
      expect([first!.status, first!.headers.get("connection")]).toEqual([200, "close"]);
      const { status, tookMs } = await ended;
      expect(status).toBe(0);
      expect(tookMs).toBeLessThan(graceMs);
      expect(wasCut(service)).toBe(false);
      expect(pids.filter(exists)).toEqual([]);

      // Both answers are in the history of the next one.
      const next = await start({ DATA_DIR: folder });
      for (const { body } of [first!, late]) {
        const { id } = analyzeResponse.parse(JSON.parse(body));
        const entry = await fetch((await next.url()) + historyEntryPath(id));
        expect(entry.status).toBe(200);
      }
    },
  );

  onLinux("fails what is in flight if it is SIGKILL instead", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const [inFlight, held] = [await open(service), await open(service)];
    const pids = inferenceProcessesOf(service.child.pid!);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    inFlight.send(analyze);
    expect((await ask(held, get(paths.healthz))).status).toBe(200);
    service.child.kill("SIGKILL");
    await inFlight.closed;
    expect(inFlight.received).toBe("");
    await expect(ask(held, get(paths.healthz))).rejects.toThrow("closed before");
    for (const pid of pids) process.kill(pid, "SIGKILL");
  });

  it("is answered within moments while clients hold connections that they do not use", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const idle = await Promise.all(Array.from({ length: 20 }, () => open(service)));
    expect((await ask(idle[0]!, get(paths.healthz))).status).toBe(200);
    const { status, tookMs } = await terminate(service);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(promptMs);
    await Promise.all(idle.map(({ closed }) => closed));
    expect(wasCut(service)).toBe(false);
  });

  it("waits for a request that is half sent no longer than for any other, and answers it if the rest comes", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const [never, late, headless] = [await open(service), await open(service), await open(service)];
    const half = Math.floor(analyze.length - 20);
    for (const client of [never, late]) client.send(analyze.subarray(0, half));
    headless.send("POST /api/analyze HTTP/1.1\r\nHost:");
    expect((await service.analyze(text)).status).toBe(200);
    const ended = terminate(service);
    await stopping(service);
    late.send(analyze.subarray(half));
    await late.closed;
    expect(late.answers()[0]!.status).toBe(200);
    const { status, tookMs } = await ended;
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(graceMs);
    await Promise.all([never.closed, headless.closed]);
    expect(wasCut(service)).toBe(true);
  });

  it("does not wait for a client that does not read its answer", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const slow = await open(service);
    slow.socket.pause();
    // Far more than the kernel keeps for a reader that does not read.
    const document = get(paths.openapi);
    slow.send(document.repeat(2_000));
    expect((await service.analyze(text)).status).toBe(200);
    const { status, tookMs } = await terminate(service);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(graceMs);
    slow.socket.destroy();
  });

  it("ends a stream of texts with the answers to what it has taken, and says where to go on", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const client = await open(service);
    const { path } = endpoints.analyzeStream;
    const line = (index: number) => JSON.stringify({ text: `${text} ${index}` }) + "\n";
    const chunk = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n`;
    client.send(
      `POST ${path} HTTP/1.1\r\nHost: berth\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    client.send(chunk(line(0)));
    await client.until(/"label"/);
    client.send(chunk(line(1)) + chunk(line(2)));
    const { status, tookMs } = await terminate(service);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(graceMs);
    await client.closed;
    expect(client.received).toMatch(/not_ready/);
    expect(client.received).toMatch(/\r\n0\r\n\r\n$/);
  });

  it("twice within a second is one; once more ends at once", async () => {
    const service = await start({ DATA_DIR: newFolder() });
    const client = await open(service);
    // Keeps the service waiting.
    client.send(analyze.subarray(0, analyze.length - 1));
    expect((await service.analyze(text)).status).toBe(200);
    service.child.kill("SIGTERM");
    await stopping(service);
    service.child.kill("SIGTERM");
    client.send(analyze.subarray(analyze.length - 1));
    await client.closed;
    expect(client.answers()[0]!.status).toBe(200);
    expect(await service.exited).toBe(0);

    const other = await start({ DATA_DIR: newFolder() });
    const waiting = await open(other);
    waiting.send(analyze.subarray(0, analyze.length - 1));
    expect((await other.analyze(text)).status).toBe(200);
    other.child.kill("SIGTERM");
    const { time } = await stopping(other);
    while (Date.now() <= Number(time) + 1_100) await other.metric("none").catch(() => {});
    other.child.kill("SIGTERM");
    expect(await other.exited).toBe(130);
  });

  onLinux.each(["listening", "loading"])(
    "while the service is %s, before the model is ready, ends it within two seconds and leaves nothing behind",
    async (moment) => {
      const service = RunningService.start({ DATA_DIR: newFolder() });
      running.push(service);
      await service.url();
      const { pid } = service.child;
      let children: number[] = [];
      while (moment === "loading" && children.length < 2) {
        children = inferenceProcessesOf(pid!);
        await new Promise(setImmediate);
      }
      const { status, tookMs } = await terminate(service);
      expect(status).toBe(0);
      expect(tookMs).toBeLessThan(2_000 * 2);
      expect(children.filter(exists)).toEqual([]);
    },
  );

  onLinux("ends a service whose inference process hangs while it loads the model", async () => {
    const service = RunningService.start({ DATA_DIR: newFolder() });
    running.push(service);
    await service.url();
    let children: number[] = [];
    while (children.length < 2) {
      children = inferenceProcessesOf(service.child.pid!);
      await new Promise(setImmediate);
    }
    for (const child of children) process.kill(child, "SIGSTOP");
    const { status, tookMs } = await terminate(service);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(graceMs);
    expect(children.filter(exists)).toEqual([]);
  });

  it("flushes what waits for a MongoDB that is away into the journal", async () => {
    const away = { DATA_DIR: newFolder(), MONGODB_URI: "mongodb://127.0.0.1:9/berth" };
    const service = await start(away);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => service.analyze(`${text} ${index}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const { status, tookMs } = await terminate(service);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(graceMs);
    const again = RunningService.start(away);
    running.push(again);
    await again.url();
    expect(await again.metric(metrics.journalDepth.name)).toBe(20);
  });
});
