import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { paths } from "@berth/contract";
import { encodePost } from "./support/keep-alive-client";
import { onLinux, residentMiB } from "./support/processes";
import { exchange } from "./support/raw-http";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// Clients that send requests and read no answer.

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const clients = 10;

/** Requests that each sends in one go: 43 kB. */
const pipelined = 1_000;

/** Far below what the answers take: 47 kB each, 450 MiB in all. */
const mostHeldMiB = 100;

const sockets: Socket[] = [];
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(ends.splice(0).map((end) => end()));
});

/** Sends requests over connections that nobody reads. @returns once the server has taken what it takes */
async function sendUnread(port: number, requests: Buffer): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.pause();
      await once(socket, "connect");
      // A server may close a connection that asks for too much.
      await new Promise((resolve) => socket.write(requests, () => resolve(undefined)));
    }),
  );
}

/** What a server's memory grows by while nobody reads its answers, in MiB: the most that it was within two seconds. */
async function heldMiB(port: number, pid: number, path: string): Promise<number> {
  const get = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: berth\r\n\r\n`);
  const url = `http://127.0.0.1:${port}${path}`;
  // The heap gets the size that the work gives it, whoever reads.
  for (let i = 0; i < 50; i++) await (await fetch(url)).text();
  const before = residentMiB(pid);
  await sendUnread(port, Buffer.concat(Array<Buffer>(pipelined).fill(get)));
  let most = before;
  const until = performance.now() + 2_000;
  while (performance.now() < until) {
    expect((await fetch(url)).status).toBe(200);
    most = Math.max(most, residentMiB(pid));
  }
  return most - before;
}

async function start(): Promise<RunningService> {
  const service = RunningService.start({ DATA_DIR: newFolder() });
  ends.push(() => service.stop("SIGKILL"));
  await service.ready();
  return service;
}

describe("clients that read no answer", () => {
  onLinux("hold little memory, and others are served", async () => {
    const service = await start();
    const port = Number(new URL(await service.url()).port);
    expect(await heldMiB(port, service.child.pid!, paths.openapi)).toBeLessThan(mostHeldMiB);
  });

  onLinux("fail the same check in a server that takes all that is pipelined", async () => {
    const script = `require("http").createServer((_, response) => response.end(Buffer.alloc(47_000)))
      .listen(0, "127.0.0.1", function () { console.log(this.address().port); })`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    ends.push(async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(await heldMiB(Number(line), child.pid!, "/")).toBeGreaterThan(mostHeldMiB);
  });

  it("hold no place in the queue and no inference process", async () => {
    const service = await start();
    const port = Number(new URL(await service.url()).port);
    const text = "Officials said the company would pay for the repairs.";
    await sendUnread(port, encodePost(paths.analyze, { text }));
    // Whether the others read is none of this one's affair.
    const answer = await service.label(`${text} And soon.`);
    expect(answer.label).toBeDefined();
  });

  it("are none that pipeline and read: 64 requests in one go have 64 answers", async () => {
    const service = await start();
    const health = `GET ${paths.healthz} HTTP/1.1\r\nHost: berth\r\n`;
    const last = `${health}Connection: close\r\n\r\n`;
    const answers = await exchange(await service.url(), `${health}\r\n`.repeat(63) + last);
    expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200));
  });
});
