import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import mongoose from "mongoose";

const { BSON } = mongoose.mongo;

type Document = Record<string, unknown>;

interface Index {
  readonly name: string;
  readonly key: Document;
  expireAfterSeconds?: number;
}

/** @see https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#opcodes */
const opCode = { reply: 1, query: 2004, msg: 2013 } as const;
const headerBytes = 16;

const errorCodes = { IndexNotFound: 27, CommandNotFound: 59, IndexOptionsConflict: 85 } as const;

class CommandError extends Error {
  constructor(
    readonly codeName: keyof typeof errorCodes,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A double of a MongoDB server that speaks its wire protocol, for what no server that can be had here does: TTL indexes,
 * `collMod`, and answers that cost nothing. It keeps documents by id, and refuses what it does not know. Nothing expires in it.
 */
export class FakeMongoServer {
  /** Documents by collection and id. */
  readonly collections = new Map<string, Map<unknown, Document>>();
  readonly indexes = new Map<string, Index[]>();
  /** Names of the commands that were answered, in order; handshakes left out. */
  readonly commands: string[] = [];
  /** Commands that this server does not know, though it could. */
  readonly refuses = new Set<string>();
  private waiting: { readonly command: string; resolve(): void }[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on("connection", (socket) => this.serve(socket));
  }

  static async start(): Promise<FakeMongoServer> {
    const server = createServer();
    const fake = new FakeMongoServer(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get uri(): string {
    return `mongodb://127.0.0.1:${this.port}/`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  /** Waits until a command of that name is answered; one that was already counts. */
  answered(command: string): Promise<void> {
    if (this.commands.includes(command)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ command, resolve }));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0);
        socket.write(this.answer(received.subarray(0, length)));
        received = received.subarray(length);
      }
    });
    socket.on("error", () => {}).on("close", () => this.sockets.delete(socket));
  }

  private answer(message: Buffer): Buffer {
    const requestId = message.readInt32LE(4);
    const isQuery = message.readInt32LE(12) === opCode.query;
    const reply = BSON.serialize(
      this.tryRun(isQuery ? parseQuery(message) : parseMessage(message)),
    );
    const before = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
    // OP_REPLY gives the number of its documents; OP_MSG the kind of its one section, 0.
    if (isQuery) before.writeInt32LE(1, 16);
    const header = Buffer.alloc(headerBytes);
    header.writeInt32LE(headerBytes + before.length + reply.length, 0);
    header.writeInt32LE(requestId, 8);
    header.writeInt32LE(isQuery ? opCode.reply : opCode.msg, 12);
    return Buffer.concat([header, before, reply]);
  }

  private tryRun(command: Document): Document {
    const [name] = Object.keys(command);
    try {
      if (this.refuses.has(name!)) throw new CommandError("CommandNotFound", `no ${name} here`);
      return { ok: 1, ...this.run(name!, command) };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const { codeName, message } = error;
      return { ok: 0, code: errorCodes[codeName], codeName, errmsg: message };
    } finally {
      if (!["hello", "ismaster"].includes(name!)) this.commands.push(name!);
      for (const one of this.waiting.filter((other) => other.command === name)) one.resolve();
    }
  }

  private run(name: string, command: Document): Document {
    const collection = String(command[name]);
    const documents = this.collections.get(collection) ?? new Map<unknown, Document>();
    const indexes = this.indexes.get(collection) ?? [];
    const cursor = (firstBatch: Document[]) => ({
      cursor: { id: BSON.Long.fromNumber(0), ns: `berth.${collection}`, firstBatch },
    });
    switch (name) {
      case "hello":
      case "ismaster":
        return {
          isWritablePrimary: true,
          ismaster: true,
          maxBsonObjectSize: 16 * 1024 * 1024,
          maxMessageSizeBytes: 48_000_000,
          maxWriteBatchSize: 100_000,
          maxWireVersion: 25,
          minWireVersion: 0,
        };
      case "ping":
      case "endSessions":
        return {};
      case "update": {
        this.collections.set(collection, documents);
        for (const { q, u } of command.updates as { q: Document; u: Document }[])
          documents.set(q._id, { _id: q._id, ...((u.$setOnInsert as Document) ?? u) });
        return { n: (command.updates as unknown[]).length, nModified: 0 };
      }
      case "insert":
        this.collections.set(collection, documents);
        for (const document of command.documents as Document[])
          documents.set(document._id, document);
        return { n: (command.documents as unknown[]).length };
      case "find": {
        const { _id } = (command.filter ?? {}) as { _id?: unknown };
        const found = _id === undefined ? [...documents.values()] : [documents.get(_id)];
        const limit = Number(command.limit ?? 0);
        const wanted = found.filter((one) => one !== undefined).reverse();
        return cursor(limit === 0 ? wanted : wanted.slice(0, limit));
      }
      case "aggregate":
        return cursor([{ n: 0 }]);
      case "listIndexes":
        return cursor(indexes as unknown as Document[]);
      case "createIndexes":
        for (const index of command.indexes as Index[]) {
          const same = indexes.find((one) => one.name === index.name);
          if (same !== undefined && same.expireAfterSeconds !== index.expireAfterSeconds)
            throw new CommandError("IndexOptionsConflict", `${index.name} has other options`);
          if (same === undefined) indexes.push(index);
        }
        this.indexes.set(collection, indexes);
        return {};
      case "collMod": {
        const { name: index, expireAfterSeconds } = command.index as Index;
        const found = indexes.find((one) => one.name === index);
        if (found === undefined) throw new CommandError("IndexNotFound", `no index ${index}`);
        found.expireAfterSeconds = expireAfterSeconds!;
        return {};
      }
      case "dropIndexes": {
        const at = indexes.findIndex((one) => one.name === command.index);
        if (at < 0) throw new CommandError("IndexNotFound", `no index ${String(command.index)}`);
        indexes.splice(at, 1);
        return {};
      }
      default:
        throw new CommandError("CommandNotFound", `no ${name} here`);
    }
  }
}

/** The first message of a driver: flags, a collection's name that ends with 0, two numbers, a document. */
function parseQuery(message: Buffer): Document {
  const nameAt = headerBytes + 4;
  return BSON.deserialize(message.subarray(message.indexOf(0, nameAt) + 1 + 8));
}

/** Flags, then sections: the command, and lists that belong into it. */
function parseMessage(message: Buffer): Document {
  let command: Document = {};
  const lists: Document = {};
  for (let at = headerBytes + 4; at < message.length;) {
    const kind = message[at++];
    const size = message.readInt32LE(at);
    const section = message.subarray(at, at + size);
    at += size;
    if (kind === 0) {
      command = BSON.deserialize(section);
      continue;
    }
    const nameEnd = section.indexOf(0, 4);
    const list: Document[] = [];
    for (let from = nameEnd + 1; from < section.length;) {
      const length = section.readInt32LE(from);
      list.push(BSON.deserialize(section.subarray(from, from + length)));
      from += length;
    }
    lists[section.toString("utf8", 4, nameEnd)] = list;
  }
  return { ...command, ...lists };
}
