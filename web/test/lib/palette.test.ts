import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labels } from "@berth/contract";
import { labelColor, paletteSize } from "../../src/lib/label-color";

const css = readFileSync(join(__dirname, "../../src/styles/tokens.css"), "utf8");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");

type Theme = Record<string, string>;
const colors = (block: string): Theme =>
  Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]),
  );
const themes = { light: colors(light), dark: { ...colors(light), ...colors(dark) } };

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dim = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dim + 0.05);
}

/** WCAG AA, for text of any size. */
const minimum = 4.5;

describe.each(Object.entries(themes))("the %s theme", (_, theme) => {
  const grounds = ["ground", "surface", "surface-sunken", "surface-hover"];
  const palette = Array.from({ length: paletteSize }, (_unused, i) => `label-${i}`);
  const pairs = [
    ...["text", "text-soft", "accent", "danger", ...palette].flatMap((ink) =>
      grounds.map((ground) => [ink, ground] as const),
    ),
    ["on-accent", "accent"],
    ["on-accent", "accent-hover"],
    ["accent", "accent-tint"],
    ["text", "accent-tint"],
    ["caution", "caution-tint"],
    ["text", "caution-tint"],
    ["danger", "danger-tint"],
    ["text", "danger-tint"],
    ["text-soft", "danger-tint"],
  ] as const;

  test.each(pairs)("has enough contrast for %s on %s", (ink, ground) => {
    expect(contrast(theme[ink]!, theme[ground]!)).toBeGreaterThanOrEqual(minimum);
  });

  test("has an outline for fields that can be seen (3:1)", () => {
    expect(contrast(theme["line-strong"]!, theme.surface!)).toBeGreaterThanOrEqual(3);
  });

  test("fails for a pair that is too close, so the measure can tell", () => {
    expect(contrast(theme.line!, theme.surface!)).toBeLessThan(minimum);
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  });
});

test("every label has a colour of the palette, and neighbours differ", () => {
  const given = labels.map(labelColor);
  expect(new Set(given).size).toBe(Math.min(labels.length, paletteSize));
  expect(Math.max(...given)).toBeLessThan(paletteSize);
});
