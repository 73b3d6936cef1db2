"""Figures of a model on labelled rows: accuracy, F1, calibration, and the distributions that drift is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from .calibration import Floats, Ints, expected_calibration_error, softmax

CONFIDENCE_EDGES = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 1.0]
"""Finer near 1, where most answers are, but no finer than what another CPU changes."""

TOKEN_BINS = 10
"""Bins of about equal share, as a population stability index wants them."""


def per_label(predicted: Ints, truth: Ints, labels: list[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each label; 0 where there is nothing to divide by."""
    figures = {}
    for i, label in enumerate(labels):
        hits = int(((predicted == i) & (truth == i)).sum())
        said, support = int((predicted == i).sum()), int((truth == i).sum())
        figures[label] = {
            "precision": round(hits / said if said else 0.0, 4),
            "recall": round(hits / support if support else 0.0, 4),
            "f1": round(2 * hits / (said + support) if said + support else 0.0, 4),
            "support": support,
        }
    return figures


def figures(logits: Floats, truth: Ints, labels: list[str], temperature: float) -> dict[str, Any]:
    """Accuracy, macro F1 and ECE, each from 0 to 1, rounded to 4 places; and the figures of each label."""
    predicted = logits.argmax(axis=1)
    each = per_label(predicted, truth, labels)
    return {
        "accuracy": round(float((predicted == truth).mean()), 4),
        "macroF1": round(float(np.mean([f["f1"] for f in each.values()])), 4),
        "ece": round(expected_calibration_error(softmax(logits, temperature), truth), 4),
        "perLabel": each,
    }


def shares_between(values: Floats | Ints, edges: list[float]) -> list[float]:
    """Share of `values` in each bin `[low, high)`, the last one `[low, high]`; they sum to 1."""
    counts, _ = np.histogram(values, bins=edges)
    return [round(float(share), 6) for share in counts / len(values)]


def token_edges(lengths: Ints, max_tokens: int) -> list[int]:
    """Whole-number bin edges at the quantiles of `lengths`, from 0 to `max_tokens`."""
    inner = np.quantile(lengths, np.linspace(0, 1, TOKEN_BINS + 1)[1:-1])
    return sorted({0, *(int(edge) for edge in inner if 0 < edge < max_tokens), max_tokens})


def baseline(probabilities: Floats, ids: list[list[int]], labels: list[str], max_tokens: int, unknown: int) -> dict[str, Any]:
    """The distributions that drift is measured against: answers, confidence, length in tokens, unknown words."""
    predicted = probabilities.argmax(axis=1)
    lengths = np.array([len(tokens) for tokens in ids])
    edges = token_edges(lengths, max_tokens)
    words = int(lengths.sum()) - 2 * len(ids)
    return {
        "rows": len(ids),
        "labels": {label: round(float((predicted == i).mean()), 6) for i, label in enumerate(labels)},
        "confidence": {"edges": CONFIDENCE_EDGES, "shares": shares_between(probabilities.max(axis=1), CONFIDENCE_EDGES)},
        "tokens": {"edges": edges, "shares": shares_between(lengths, edges)},
        "unknownTokenShare": round(sum(tokens.count(unknown) for tokens in ids) / max(1, words), 6),
    }
