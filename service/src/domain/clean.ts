import { stripMarkup } from "./strip-markup";

/**
 * Version of {@link clean}. A model is only served by a service that cleans as its training texts were cleaned, so
 * any change to the outcome raises this number.
 */
export const cleaningVersion = "1";

/**
 * Markup that was escaped up to twice (`&amp;lt;b&amp;gt;`) is unfolded and stripped, which takes three passes and one
 * to see that nothing changes any more. What is nested deeper is made inert instead.
 */
const maxPasses = 4;

/**
 * Longest run of combining marks that is kept. Ordering a run takes quadratic time.
 *
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format for the bound of 30
 */
const longMarkRun = /(\p{M}{30})\p{M}+/gu;

/**
 * White space and control characters, but for a space that stands alone already; format characters (joiners, direction
 * marks) are the tokenizer's to drop.
 */
const blank = /(?! (?![\s\p{Cc}]))[\s\p{Cc}]+/gu;

function normalize(text: string): string {
  return text
    .toWellFormed()
    .replace(longMarkRun, "$1")
    .normalize("NFKC")
    .replace(longMarkRun, "$1")
    .replace(blank, " ")
    .trim();
}

/**
 * Turns what a person pasted into the text that the model was trained to read: Unicode NFKC, no HTML (scripts and
 * styles go with their content), entities decoded, control characters and repeated white space folded into one space.
 *
 * Normalizing comes first: a full-width `＜` becomes `<` and would otherwise bring tags back. Time is linear in the
 * length of the text, and `clean(clean(text)) === clean(text)`.
 *
 * @param text any string; lone surrogates become U+FFFD
 * @returns the cleaned text, `""` when nothing is left
 */
export function clean(text: string): string {
  let current = normalize(text);
  for (let pass = 0; pass < maxPasses; pass++) {
    const stripped = stripMarkup(current);
    // Normalizing what is normalized changes nothing, and takes time.
    if (stripped === current) return current;
    const next = normalize(stripped);
    if (next === current) return current;
    current = next;
  }
  return normalize(current.replace(/[<&]/g, " "));
}
