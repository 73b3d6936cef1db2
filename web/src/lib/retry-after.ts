/**
 * Reads a `Retry-After` header: seconds, or a date.
 *
 * @param nowMs milliseconds since the epoch, for the date form
 * @returns milliseconds to wait, at least 0; null when the header is absent or makes no sense
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
