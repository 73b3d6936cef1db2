import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { paths } from "@berth/contract";
import { KeepAliveClient, encodePost } from "./support/keep-alive-client";
import type { Answer } from "./support/keep-alive-client";
import { childrenOf, exists, onLinux, residentMiB } from "./support/processes";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// More clients at once than the service can serve at once.

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const sockets = 2_000;
const mostAddedMiB = 100;
const request = (name: string) =>
  encodePost(paths.analyze, {
    text: `The goalkeeper saved two penalties as the home side reached the cup final. ${name}`,
  });

const running: RunningService[] = [];
const clients: { close(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
});

async function start(limits?: { readonly openFiles: number }): Promise<RunningService> {
  const service = RunningService.start({ DATA_DIR: newFolder() }, limits);
  running.push(service);
  await service.ready();
  return service;
}

const portOf = async (service: RunningService) => Number(new URL(await service.url()).port);

async function clientOf(service: RunningService, maxConnections: number): Promise<KeepAliveClient> {
  const client = new KeepAliveClient({ port: await portOf(service), maxConnections });
  clients.push(client);
  return client;
}

const sendAll = (client: KeepAliveClient, count: number, name: string): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => client.send(request(`${name} ${i}`))));

/** Watches a process's memory until it is told to stop. @returns gives the most that it was, in MiB */
function watchMemory(pid: number): () => number {
  let most = residentMiB(pid);
  const look = () => (most = Math.max(most, residentMiB(pid)));
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}

describe("2,000 sockets at once", () => {
  onLinux(
    "are answered with 200, 429 or 503, hold at most 100 MiB, and leave it when they go",
    async () => {
      const service = await start();
      const pid = service.child.pid!;
      // The heap gets the size that work gives it, whatever the number of sockets.
      const few = await clientOf(service, 64);
      for (let round = 0; round < 3; round++) await sendAll(few, sockets, `few ${round}`);
      const before = residentMiB(pid);

      const most = watchMemory(pid);
      const many = await clientOf(service, sockets);
      for (let round = 0; round < 3; round++) {
        const answers = await sendAll(many, sockets, `many ${round}`);
        expect(many.connections).toBe(sockets);
        expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
        const refused = answers.filter(({ status }) => status !== 200);
        expect(refused.filter(({ status }) => status !== 429 && status !== 503)).toEqual([]);
        expect(refused.filter(({ retryAfter }) => !retryAfter)).toEqual([]);
      }
      expect(most() - before).toBeLessThan(mostAddedMiB);

      many.close();
      expect((await sendAll(few, 10, "after")).map(({ status }) => status)).toEqual(
        Array(10).fill(200),
      );
      expect(residentMiB(pid) - before).toBeLessThan(mostAddedMiB / 2);
      expect(await service.stop()).toBe(0);
    },
  );
});

onLinux(
  "2,000 sockets would be found to hold more, if they did: memory that is held counts",
  () => {
    const before = residentMiB(process.pid);
    const most = watchMemory(process.pid);
    const held = Buffer.alloc(2 * mostAddedMiB * 1024 * 1024, 1);
    expect(most() - before).toBeGreaterThan(mostAddedMiB);
    expect(held.length).toBeGreaterThan(0);
  },
);

describe("more sockets than the service may have open", () => {
  /** Small enough that the test's own sockets are few. */
  const openFiles = 256;

  async function openSockets(port: number, count: number): Promise<Socket[]> {
    const opened = Array.from({ length: count }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      return socket;
    });
    clients.push({ close: () => opened.forEach((socket) => socket.destroy()) });
    await Promise.all(
      opened.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])),
    );
    return opened;
  }

  onLinux(
    "are closed and logged; the service keeps files for itself, and takes new ones when others go",
    async () => {
      const service = await start({ openFiles });
      const held = await openSockets(await portOf(service), openFiles);
      const { connections, maxConnections } = await service.logged(({ msg }) =>
        msg.startsWith("too many connections"),
      );
      expect(maxConnections).toBe(openFiles / 2);
      expect(connections).toBe(openFiles - openFiles / 2);
      // An inference process that is lost meanwhile is replaced, which takes files.
      const [lost] = childrenOf(service.child.pid!);
      process.kill(lost!, "SIGKILL");
      await service.logged(({ cause }) => cause === "exited");
      while (childrenOf(service.child.pid!).length < 2) await new Promise(setImmediate);
      expect(exists(lost!)).toBe(false);

      const closed = held.map((socket) => (socket.destroyed ? undefined : once(socket, "close")));
      for (const socket of held) socket.destroy();
      await Promise.all(closed);
      const client = await clientOf(service, 10);
      let answers: Answer[];
      do answers = await sendAll(client, 10, "after");
      while (answers.some(({ status }) => status === 0));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      const history = await fetch((await service.url()) + paths.history);
      expect(history.status).toBe(200);
      expect(await service.stop()).toBe(0);
    },
  );

  onLinux("fails the test above with files enough: nothing is closed", async () => {
    const service = await start();
    const held = await openSockets(await portOf(service), openFiles);
    expect(await service.metric("service_ready")).toBe(1);
    expect(held.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(service.log.map(({ msg }) => msg)).not.toContainEqual(
      expect.stringContaining("too many connections"),
    );
  });
});
