import { parseSettings, paths } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();
const [origin, other] = ["https://news.example", "http://localhost:5173"];

let history: LevelHistoryStore;
let app: AppUnderTest;

beforeAll(async () => {
  history = await LevelHistoryStore.open(newFolder());
  app = await startApp(history, { CORS_ORIGINS: [origin, other], API_KEY: "k".repeat(16) });
});
afterAll(async () => {
  await app.close();
  await history.close();
});

const preflight = (from: string) =>
  fetch(app.url + paths.analyze, {
    method: "OPTIONS",
    headers: {
      Origin: from,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type, authorization, x-deadline-ms",
    },
  });
const list = (header: string | null) => (header ?? "").toLowerCase().split(/\s*,\s*/);

describe("CORS, with origins", () => {
  it("lets their pages ask, with the API's own headers and without the key", async () => {
    for (const from of [origin, other]) {
      const { status, headers } = await preflight(from);
      expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([204, from]);
      expect(list(headers.get("Access-Control-Allow-Methods"))).toEqual(["get", "post", "delete"]);
      expect(list(headers.get("Access-Control-Allow-Headers"))).toEqual(
        expect.arrayContaining(["authorization", "content-type", "x-deadline-ms", "x-request-id"]),
      );
      expect(list(headers.get("Vary"))).toContain("origin");
      expect(headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
  });

  it("lets their pages read answers, errors too, with the headers that tell when to try again", async () => {
    for (const path of [paths.model, "/api/nothing"]) {
      const { headers } = await fetch(app.url + path, { headers: { Origin: origin } });
      expect(headers.get("Access-Control-Allow-Origin")).toBe(origin);
      expect(list(headers.get("Access-Control-Expose-Headers"))).toEqual([
        "retry-after",
        "x-request-id",
      ]);
    }
  });

  it.each([
    "https://evil.example",
    "https://news.example.evil.example",
    "http://news.example",
    "null",
  ])("fails for pages of %s", async (from) => {
    expect((await preflight(from)).headers.has("Access-Control-Allow-Origin")).toBe(false);
    const { headers } = await fetch(app.url + paths.model, { headers: { Origin: from } });
    expect(headers.has("Access-Control-Allow-Origin")).toBe(false);
    expect(list(headers.get("Vary"))).toContain("origin");
  });
});

it("CORS is off unless origins are configured", async () => {
  const closed = await startApp(history);
  const response = await fetch(closed.url + paths.analyze, {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
  });
  expect(response.status).toBe(405);
  expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual(
    [],
  );
  await closed.close();
});

describe("the setting CORS_ORIGINS", () => {
  it("takes exact origins", () => {
    expect(parseSettings({ CORS_ORIGINS: `${origin}, ${other}` }).CORS_ORIGINS).toEqual([
      origin,
      other,
    ]);
    expect(parseSettings({}).CORS_ORIGINS).toBeUndefined();
  });

  it.each([
    "*",
    "https://news.example/",
    "https://News.example",
    "news.example",
    "https://*.example",
    "https://news.example:443",
    "ftp://x",
    "null",
    "https://a.example,",
  ])("fails on %s, which browsers do not send", (value) => {
    expect(() => parseSettings({ CORS_ORIGINS: value })).toThrow(/is no origin; write https:/);
  });
});
