import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "@berth/contract";
import { LevelHistoryStore } from "../src/adapters/level-history-store";
import { startApp } from "./support/app-under-test";
import type { AppUnderTest } from "./support/app-under-test";
import { exchange } from "./support/raw-http";
import { temporaryFolders } from "./support/temporary-folder";

const newFolder = temporaryFolders();

let history: LevelHistoryStore;
let app: AppUnderTest;

beforeAll(async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<title>Berth</title>");
  writeFileSync(join(folder, "assets", "main-1a2b.js"), "1");
  history = await LevelHistoryStore.open(newFolder());
  app = await startApp(history, { WEB_DIR: folder });
});
afterAll(async () => {
  await app.close();
  await history.close();
});

/** The headers of an answer, names in lower case. */
async function headersOf(path: string): Promise<Map<string, string>> {
  const { headers } = await fetch(app.url + path, { headers: { Accept: "text/html" } });
  return new Map(headers);
}

const directives = (headers: Map<string, string>) =>
  new Map(
    headers
      .get("content-security-policy")!
      .split(/\s*;\s*/)
      .map((one) => [one.split(" ")[0]!, one.split(" ").slice(1).join(" ")]),
  );

/** What no answer of any kind may allow. */
function expectLocked(headers: Map<string, string>) {
  const policy = directives(headers);
  for (const name of ["default-src", "base-uri", "frame-ancestors"])
    expect([name, policy.get(name)]).toEqual([name, "'none'"]);
  for (const [name, value] of policy)
    expect([name, /unsafe|\*|https?:/.test(value)]).toEqual([name, false]);
  expect(Object.fromEntries(headers)).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": expect.stringContaining("camera=()"),
  });
  expect(headers.has("x-powered-by")).toBe(false);
  expect(headers.has("server")).toBe(false);
}

describe("security headers", () => {
  it("let the page load its own files and nothing else", async () => {
    for (const path of ["/", "/history", "/assets/main-1a2b.js"]) {
      const headers = await headersOf(path);
      expectLocked(headers);
      const policy = directives(headers);
      for (const name of ["script-src", "style-src", "connect-src", "font-src"])
        expect([name, policy.get(name)]).toEqual([name, "'self'"]);
    }
  });

  it("let answers of the API load nothing, errors too", async () => {
    for (const path of [...Object.values(paths), "/api/nothing", "/api/history/x"]) {
      const headers = await headersOf(path);
      expectLocked(headers);
      expect([...directives(headers).values()].every((value) => value === "'none'")).toBe(true);
    }
  });

  it("stand on what is refused before it is a request", async () => {
    const [answer] = await exchange(app.url, "not http\r\n\r\n");
    expectLocked(new Map(answer!.headers));
  });

  it("keep answers of the API out of caches", async () => {
    for (const path of [paths.history, paths.model, "/api/history/x", "/api/nothing"])
      expect((await headersOf(path)).get("cache-control")).toBe("no-store");
  });
});
