import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Random bytes of one id. */
const bytesPerId = 16;

/** Asking the system for random bytes costs more than the rest of an id; so for many at once. */
const pool = new Uint8Array(256 * bytesPerId);
let used = pool.length;

/** Millisecond and counter of the last id; the counter starts anew, at random, with each millisecond. */
let msecs = -Infinity;
let seq = 0;

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + bytesPerId);
  used += bytesPerId;
  return random;
}

/**
 * A UUID version 7. Those of one process sort by when they were made, within a millisecond too.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-monotonicity-and-counters
 */
export function newId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // 31 bits: the highest stays free, so that counting up never runs over within a millisecond.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
  } else seq++;
  return v7({ random, msecs, seq });
}
