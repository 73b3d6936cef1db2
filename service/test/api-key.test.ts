import { endpoints, errorResponse, errors, parseSettings, paths } from "@berth/contract";
import type { Endpoint, ErrorCode } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { historyEntry } from "./support/history-entry";
import { RawClient } from "./support/raw-http";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const key = "correct-horse-battery-staple";
const withKey = { Authorization: `Bearer ${key}` };
const json = { "Content-Type": "application/json" };

let history: LevelHistoryStore;
let app: AppUnderTest;

beforeEach(async () => {
  history = await LevelHistoryStore.open(newFolder());
  app = await startApp(history, { API_KEY: key, TRUSTED_PROXIES: 1 });
});
afterEach(async () => {
  await app.close();
  await history.close();
});

/** From an address that is limited, unless `from` says otherwise. */
const analyze = (headers: Record<string, string>, from = "203.0.113.9"): Promise<Response> =>
  fetch(app.url + paths.analyze, {
    method: "POST",
    headers: { ...json, "X-Forwarded-For": from, ...headers },
    body: '{"text": "one two"}',
  });

async function expectError(response: Response, code: ErrorCode) {
  const { error } = errorResponse.parse(await response.json());
  expect([error.code, response.status]).toEqual([code, errors[code].status]);
}

describe("with an API key", () => {
  it("every endpoint that writes needs it, and no other", async () => {
    const entry = historyEntry();
    await history.save([entry]);
    for (const endpoint of Object.values<Endpoint>(endpoints)) {
      const response = await fetch(app.url + endpoint.path.replace("{id}", entry.id), {
        method: endpoint.method.toUpperCase(),
      });
      const writes = endpoint.method !== "get";
      expect([endpoint.path, endpoint.writes === true]).toEqual([endpoint.path, writes]);
      if (writes) await expectError(response, "unauthorized");
      else expect([endpoint.path, response.status]).toEqual([endpoint.path, 200]);
    }
    expect(await history.tryGet(entry.id)).toEqual(entry);
  });

  it("lets those who have it analyze and delete", async () => {
    const response = await analyze(withKey);
    expect(response.status).toBe(200);
    const { id } = (await response.json()) as { id: string };
    const deleted = await fetch(`${app.url}${paths.history}/${id}`, {
      method: "DELETE",
      headers: withKey,
    });
    expect(deleted.status).toBe(204);
  });

  it("takes the scheme in any case, as HTTP says", async () => {
    expect((await analyze({ Authorization: `bearer ${key}` })).status).toBe(200);
  });

  it.each([
    ["another key", `Bearer ${"x".repeat(key.length)}`],
    ["the key's beginning", `Bearer ${key.slice(0, -1)}`],
    ["the key and more", `Bearer ${key}x`],
    ["the key in another case", `Bearer ${key.toUpperCase()}`],
    ["another scheme", `Basic ${key}`],
    ["the key alone", key],
    ["the key twice", `Bearer ${key}, Bearer ${key}`],
    ["nothing", ""],
  ])("fails with unauthorized, and says how to send it, on %s", async (_what, authorization) => {
    const response = await analyze({ Authorization: authorization });
    await expectError(response, "unauthorized");
    expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="berth"/);
  });

  it("fails before the body is read", async () => {
    const client = await RawClient.open(app.url);
    client.send(
      `POST ${paths.analyze} HTTP/1.1\r\nHost: berth\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`,
    );
    await client.until(/"unauthorized"/);
    client.socket.destroy();
  });

  it("lets strangers use up nothing of the rate of who has the key", async () => {
    for (let i = 0; i < 5; i++) await expectError(await analyze({}), "unauthorized");
    expect([(await analyze(withKey)).status, (await analyze(withKey)).status]).toEqual([200, 200]);
  });

  it("fails with rate_limited for who guesses, right or wrong, and serves other addresses", async () => {
    const guess = (i: number) => analyze({ Authorization: `Bearer guess-${i}` });
    const codes = new Set<number>();
    for (let i = 0; i < 15; i++) codes.add((await guess(i)).status);
    expect([...codes]).toEqual([401, 429]);
    const right = await analyze(withKey);
    expect(right.headers.has("Retry-After")).toBe(true);
    await expectError(right, "rate_limited");
    expect((await analyze(withKey, "203.0.113.10")).status).toBe(200);
  });

  it("is in the API's description, and only then", async () => {
    const document = async () =>
      (await (await fetch(app.url + paths.openapi)).json()) as {
        paths: Record<string, Record<string, { security?: unknown; responses: object }>>;
      };
    const secured = await document();
    await app.close();
    app = await startApp(history);
    const open = await document();
    for (const { path, method, writes = false } of Object.values<Endpoint>(endpoints)) {
      const has = ({ paths: all }: typeof open) => {
        const { security, responses } = all[path]![method]!;
        return [security !== undefined, "401" in responses];
      };
      expect([path, has(secured), has(open)]).toEqual([path, [writes, writes], [false, false]]);
    }
  });
});

it("without an API key everybody may write", async () => {
  await app.close();
  app = await startApp(history);
  expect((await analyze({})).status).toBe(200);
});

describe("the setting API_KEY", () => {
  it.each(["short", "fifteen-letters", "with a space in it", "ümlaut-ümlaut-ümlaut", `${key}\n`])(
    "fails as %j, which is not shown",
    (value) => {
      const parse = () => parseSettings({ API_KEY: value });
      expect(parse).toThrow(/API_KEY is \(hidden\): must be 16 to 256/);
      expect(parse).not.toThrow(value.trim());
    },
  );
});
