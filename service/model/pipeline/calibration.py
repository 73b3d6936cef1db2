"""Softmax, temperature and expected calibration error; pure functions of logits and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15
"""Equal-width confidence bins, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities `[rows, labels]`; subtracts the largest value, so that nothing overflows."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def negative_log_likelihood(logits: Floats, labels: Ints, temperature: float = 1.0) -> float:
    """Mean over the rows, in nats."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    log_probabilities = scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: Floats, labels: Ints) -> float:
    """The temperature in [0.25, 10] of least negative log-likelihood, by golden-section search on its logarithm.

    The bounds matter where all of few rows are right: the likelihood would then ask for 0. See Guo et al. 2017. The likelihood has one minimum in 1 / temperature, so that the search finds it.
    """
    low, high = np.log(0.25), np.log(10.0)
    ratio = (np.sqrt(5.0) - 1) / 2
    while high - low > 1e-5:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits, labels, np.exp(left)) < negative_log_likelihood(logits, labels, np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def expected_calibration_error(probabilities: Floats, labels: Ints, bins: int = ECE_BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width bins `(low, high]`, weighted by their rows; 0 to 1."""
    confidence = probabilities.max(axis=-1)
    correct = probabilities.argmax(axis=-1) == labels
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for b in range(bins):
        inside = bin_of == b
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return float(error)


UNSURE_SHARE = 0.05
"""At most this share of the validation answers counts as unsure: what a person could look through."""


def unsure_below(probabilities: Floats) -> float:
    """The largest multiple of 0.05 under which at most UNSURE_SHARE of the confidences lie."""
    confidence = probabilities.max(axis=-1)
    steps = [round(0.05 * i, 2) for i in range(20)]
    return max(step for step in steps if (confidence < step).mean() <= UNSURE_SHARE)
