import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { settings } from "@berth/contract";
import { withSettings } from "../lib/readme";

const root = join(__dirname, "..", "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** White space apart, which the formatter aligns. */
const folded = (text: string) => text.replace(/[ -]+/g, " ");

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
