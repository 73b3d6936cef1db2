import { newsLengths } from "./news-lengths";

/** Words that texts are made of; each is one or two tokens. */
const words = (
  "officials said the company shares rose after talks on a new deal while the team won its final match and researchers " +
  "found that software sales fell in the third quarter as oil prices climbed near a record in early trading"
).split(" ");

/** A small generator with a seed, so that every run has the same texts. @see https://prng.di.unimi.it/splitmix64.c */
function generator(seed: bigint): () => number {
  const mask = (1n << 64n) - 1n;
  let state = seed;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  };
}

/** Texts with the lengths of news, each made of words of one or two tokens. */
export function benchTexts(count: number): string[] {
  const random = generator(1n);
  return Array.from({ length: count }, () => {
    const tokens = newsLengths[Math.floor(random() * newsLengths.length)]!;
    const length = Math.max(1, tokens - specialTokens);
    return Array.from({ length }, () => words[Math.floor(random() * words.length)]).join(" ");
  });
}

/** `[CLS]` and `[SEP]`. */
const specialTokens = 2;
