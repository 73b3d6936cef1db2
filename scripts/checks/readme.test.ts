import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { metrics, settings } from "@berth/contract";
import { withMetrics, withSettings } from "../lib/readme";

const root = join(__dirname, "..", "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** White space apart, which the formatter aligns. */
const folded = (text: string) => text.replace(/[ -]+/g, " ");

describe("docs/observability.md", () => {
  const document = readFileSync(join(root, "docs", "observability.md"), "utf8");

  it("has the metrics as the contract has them (npm run readme writes them)", () => {
    expect(folded(withMetrics(document, metrics))).toBe(folded(document));
    const changed = { ...metrics, ready: { ...metrics.ready, name: "service_up" } };
    expect(folded(withMetrics(document, changed))).not.toBe(folded(document));
  });
});

describe("README.md", () => {
  it("has the settings as the contract has them (npm run readme writes them)", () => {
    expect(folded(withSettings(readme, settings))).toBe(folded(readme));
    const changed = { ...settings, PORT: { ...settings.PORT, default: "9" } };
    expect(folded(withSettings(readme, changed))).not.toBe(folded(readme));
  });

  it("names only npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1]!);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it("links only to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});
