/**
 * When an entry was made, read out of its id: a UUID version 7 begins with 48 bits of milliseconds since the epoch.
 *
 * @returns ISO 8601, UTC
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
export const entryTime = (id: string): string =>
  new Date(parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toISOString();
