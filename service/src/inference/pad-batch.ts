/** A batch as the graph takes it: row by row, int64 `[texts, length]`. */
export interface PaddedBatch {
  readonly texts: number;
  /** Tokens of the longest text. */
  readonly length: number;
  readonly ids: BigInt64Array;
  /** 1 where there is a token, 0 where there is padding. */
  readonly mask: BigInt64Array;
  /** All 0: one segment. */
  readonly types: BigInt64Array;
}

/** Pads token ids to the longest of the batch, on the right. */
export function padBatch(batch: readonly Int32Array[], padId: number): PaddedBatch {
  const length = Math.max(...batch.map((ids) => ids.length));
  const size = batch.length * length;
  const ids = new BigInt64Array(size).fill(BigInt(padId));
  const mask = new BigInt64Array(size);
  batch.forEach((row, i) =>
    row.forEach((id, j) => {
      ids[i * length + j] = BigInt(id);
      mask[i * length + j] = 1n;
    }),
  );
  return { texts: batch.length, length, ids, mask, types: new BigInt64Array(size) };
}
