/** A text as the model reads it. */
export interface TokenizedText {
  /** Token ids, special tokens included; at most the model's maximum. */
  readonly ids: Int32Array;
  /** Tokens of the whole text, special tokens included, before anything was cut. */
  readonly total: number;
}

/** Turns cleaned text into token ids, off the event loop. */
export interface Tokenizer {
  /** @param text cleaned, not empty */
  encode(text: string): Promise<TokenizedText>;
}
