/** Who wants a cleaned text, and until when. */
export interface Wanted {
  /** On the clock's scale. */
  readonly deadline: number;
  /** Aborts when nobody wants it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Cleans texts (see `domain/clean.ts`) without holding up other requests. */
export interface TextCleaner {
  /**
   * The first {@link maxTextCharacters} of the cleaned text: cleaning can make a text eighteen times as long, and the
   * model reads far less.
   *
   * @throws {ServiceError} `deadline_exceeded` if it was wanted too early to begin
   * @throws the signal's reason
   */
  clean(text: string, wanted: Wanted): Promise<string>;
  /** Ends what it holds. */
  close(): Promise<void>;
}
