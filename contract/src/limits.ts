/** Longest text that `POST /api/analyze` takes, in UTF-16 code units (what JavaScript's `length` counts). */
export const maxTextCharacters = 20_000;

/** A JSON string escapes one UTF-16 code unit in at most six bytes (`\u0000`). */
const maxBytesPerCharacter = 6;

/** Room for the JSON around the text, in bytes. */
const maxEnvelopeBytes = 1024;

/** Largest request body, in bytes: every text within {@link maxTextCharacters} fits, however it is escaped. */
export const maxBodyBytes = maxTextCharacters * maxBytesPerCharacter + maxEnvelopeBytes;

/** Texts in one batch. */
export const maxBatchTexts = 256;

/**
 * Largest body of a batch, in bytes: 4 KiB for each of {@link maxBatchTexts} texts, which is several times what a news
 * article's first paragraphs take. With {@link maxBatchesAtOnce} it bounds the memory that bodies can hold.
 */
export const maxBatchBodyBytes = 1024 * 1024;

/** Batches that are received and worked on at once. As many texts wait as a small machine answers within some seconds. */
export const maxBatchesAtOnce = 16;

/** Streams that are open at once. Each holds a line, the answers that its client has not read yet, and two buffers. */
export const maxStreamsAtOnce = 64;

/** Longest line of a stream, in bytes: whatever fits a single request's body. Nothing longer is ever held. */
export const maxStreamLineBytes = maxBodyBytes;

/** Longest `ref` of a stream's line, in UTF-16 code units. */
export const maxRefCharacters = 64;

/**
 * Texts of one stream that are taken and not yet sent as answers. Enough to fill every inference process with batches
 * of texts of one length; the window also bounds what a client that does not read can pile up.
 */
export const streamWindowTexts = 64;

/** A stream whose client sends no line, or takes no answer, for this long is ended. */
export const streamIdleMs = 30_000;

/** Entries on one page of the history. */
export const historyPage = { default: 20, max: 100 } as const;

/** Pages of the history that are made, or wait to be read by their client, at once: each may have 6 MB. */
export const maxPagesAtOnce = 8;
