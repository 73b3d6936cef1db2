/** Longest text that `POST /api/analyze` takes, in UTF-16 code units (what JavaScript's `length` counts). */
export const maxTextCharacters = 20_000;

/** A JSON string escapes one UTF-16 code unit in at most six bytes (`\u0000`). */
const maxBytesPerCharacter = 6;

/** Room for the JSON around the text, in bytes. */
const maxEnvelopeBytes = 1024;

/** Largest request body, in bytes: every text within {@link maxTextCharacters} fits, however it is escaped. */
export const maxBodyBytes = maxTextCharacters * maxBytesPerCharacter + maxEnvelopeBytes;

/** Entries on one page of the history. */
export const historyPage = { default: 20, max: 100 } as const;
