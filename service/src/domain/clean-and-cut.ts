import { clean } from "./clean";

/** The first `maxCharacters` of a cleaned text, in UTF-16 code units. */
export function cleanAndCut(text: string, maxCharacters: number): string {
  return clean(text).slice(0, maxCharacters);
}
