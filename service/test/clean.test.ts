import fc from "fast-check";
import { clean } from "../src/domain/clean";

describe("clean", () => {
  it.each([
    ["plain text as it is", "Stocks fell 3% on Monday.", "Stocks fell 3% on Monday."],
    ["tags inside a word without a gap", "H<sub>2</sub>O", "H2O"],
    ["tags between blocks as a space", "<p>one</p><p>two</p>", "one two"],
    [
      "scripts and styles with their content",
      "a<script>if (1<2) x()</script><style>b{}</style>c",
      "a c",
    ],
    ["comments", "a<!-- <b>no</b> -->b", "ab"],
    ["entities, named and numbered", "AT&amp;T &#39;q&#39; &#x41;", "AT&T 'q' A"],
    ["markup that was escaped once", "&lt;A HREF=&quot;x&quot;&gt;WMT&lt;/A&gt; rose", "WMT rose"],
    ["full-width brackets, which NFKC turns into tags", "＜script＞x＜/script＞y", "y"],
    ["compatibility forms", "ﬁnance ①", "finance 1"],
    ["control characters and repeated white space", "a\u0000\u0007 \t\n\u00a0b", "a b"],
    ["comparisons as text", "a < b && c > d", "a < b && c > d"],
    ["lone surrogates as the replacement character", "a\ud800b", "a\ufffdb"],
    ["nothing but markup as nothing", " <br/><img src=x> ", ""],
  ])("gives %s", (_what, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it("makes markup inert that is escaped deeper than it unfolds", () => {
    const nested = "&" + "amp;".repeat(10) + "lt;b&" + "amp;".repeat(10) + "gt;x";
    expect(clean(nested)).not.toMatch(/[<&]/);
  });

  it("keeps at most 30 combining marks in a row", () => {
    expect(clean("e" + "\u0316\u0301".repeat(500)).length).toBeLessThanOrEqual(31);
  });

  it("changes nothing the second time, whatever the text", () => {
    const piece = fc.constantFrom(
      ..."<>&;#/!-=\"' \n\t\u0000\u0001\u00a0\u0338\u0301\u0316\u0344＜＆ab1".split(""),
      "&amp;",
      "&lt;",
      "&#60;",
      "&#xFF1C;",
      "<b>",
      "</b>",
      "<script>",
      "</script>",
      "<!--",
      "-->",
      "</",
      "<![CDATA[",
      "\ud800",
      "\ufdfa",
      "가",
      "\u1100",
      "\u1161",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((p) => p.join("")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          const once = clean(text);
          expect(clean(once)).toBe(once);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
