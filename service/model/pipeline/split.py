"""Splits rows into held-out, validation and training, without near-duplicates across them."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass

from .dataset import Row

SHINGLE_WORDS = 5
"""Words per shingle. Five in a row are rarely shared by chance, and survive an edited headline."""

MAX_CONTAINMENT = 0.5
"""Two texts are near-duplicates when they share at least this share of the shorter one's shingles."""

HELD_OUT_SHARE = 0.10
VALIDATION_SHARE = 0.08
"""Of the eligible rows: enough for a temperature and a choice of epoch (1,073 rows of AG News here)."""


@dataclass(frozen=True)
class Split:
    """Indices into the rows, and how many rows each rule removed."""

    held_out: list[int]
    validation: list[int]
    training: list[int]
    removed: dict[str, int]


def shingles(text: str) -> frozenset[str]:
    """The text's runs of SHINGLE_WORDS lower-case words; the whole text where it is shorter."""
    words = re.findall(r"\w+", text.lower())
    if len(words) <= SHINGLE_WORDS:
        return frozenset([" ".join(words)])
    return frozenset(" ".join(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1))


def near_duplicates(candidates: list[int], reference: list[int], texts: list[str]) -> set[int]:
    """Those of `candidates` that are near-duplicates of any text in `reference`."""
    index: dict[str, list[int]] = defaultdict(list)
    reference_shingles = {i: shingles(texts[i]) for i in reference}
    for i, found in reference_shingles.items():
        for shingle in found:
            index[shingle].append(i)
    duplicates = set()
    for candidate in candidates:
        own = shingles(texts[candidate])
        shared: dict[int, int] = defaultdict(int)
        for shingle in own:
            for i in index.get(shingle, ()):
                shared[i] += 1
        for i, count in shared.items():
            if count / min(len(own), len(reference_shingles[i])) >= MAX_CONTAINMENT:
                duplicates.add(candidate)
                break
    return duplicates


def stratified_sample(indices: list[int], labels: list[str], share: float, rng: random.Random) -> list[int]:
    """`share` of `indices`, drawn per label."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for i in indices:
        by_label[labels[i]].append(i)
    sample: list[int] = []
    for label in sorted(by_label):
        group = by_label[label]
        sample += rng.sample(group, max(1, round(len(group) * share)))
    return sorted(sample)


def split_rows(rows: list[Row], texts: list[str], eligible: list[int], seed: int) -> Split:
    """Draws held-out and validation rows from `eligible`; the rest of all rows trains.

    Rows near a held-out row leave validation and training; rows near a validation row leave training.
    Depends on row order, labels and `seed` only for the draw, and on `texts` for the removals.
    """
    rng = random.Random(seed)
    labels = [row.label for row in rows]
    held_out = stratified_sample(eligible, labels, HELD_OUT_SHARE, rng)
    taken = set(held_out)
    rest = [i for i in eligible if i not in taken]
    drawn = stratified_sample(rest, labels, VALIDATION_SHARE / (1 - HELD_OUT_SHARE), rng)
    near_held_out = near_duplicates([i for i in range(len(rows)) if i not in taken], held_out, texts)
    validation = [i for i in drawn if i not in near_held_out]
    taken |= set(drawn)
    candidates = [i for i in range(len(rows)) if i not in taken and i not in near_held_out]
    near_validation = near_duplicates(candidates, validation, texts)
    training = [i for i in candidates if i not in near_validation]
    return Split(
        held_out,
        validation,
        training,
        {
            "validationRowsNearHeldOut": len(drawn) - len(validation),
            "trainingRowsNearHeldOut": len([i for i in near_held_out if i not in set(drawn)]),
            "trainingRowsNearValidation": len(near_validation),
        },
    )
