/**
 * Calibrated probabilities of logits.
 *
 * The largest logit is subtracted first, so that no exponential overflows.
 *
 * @param logits float32 `[labels]`
 * @param temperature above 0; 1 leaves the model's own probabilities
 * @returns `[labels]`, each within [0, 1], summing to 1
 * @see https://arxiv.org/abs/1706.04599 for temperature scaling
 */
export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const largest = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
