#!/usr/bin/env python3
"""Runs the parity fixture's tokens through ONNX Runtime on this CPU and prints how far the answers are off.

The same file must give nearly the same answers on every CPU; README.md says how to run this on one without VNNI.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

import numpy as np

from pipeline.calibration import softmax
from pipeline.inference import OnnxModel

HERE = Path(__file__).resolve().parent


def main() -> int:
    """0 when all answers are within --tolerance, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, help="model.onnx (default: that of the version that the fixture was made from)")
    parser.add_argument("--fixture", type=Path, default=HERE.parent / "test" / "fixtures" / "parity.json.gz")
    parser.add_argument("--kind", default="avx512-vnni", help="kind of processor whose answers are compared with")
    parser.add_argument("--batch", type=int, default=1, help="texts per batch, padded to the longest")
    parser.add_argument("--texts", type=int, default=1000, help="at most this many, evenly spread")
    parser.add_argument("--tolerance", type=float, default=0.02, help="largest accepted difference of a probability")
    options = parser.parse_args()
    with gzip.open(options.fixture, "rt", encoding="utf-8") as stream:
        fixture = json.load(stream)
    cases = fixture["texts"][:: max(1, len(fixture["texts"]) // options.texts)]
    made_from = HERE / "models" / fixture["model"]["name"] / fixture["model"]["version"] / "model.onnx"
    model = OnnxModel(options.model or made_from)
    logits = np.concatenate(
        [model.logits([case["ids"] for case in cases[at : at + options.batch]]) for at in range(0, len(cases), options.batch)]
    )
    expected = np.array([case["probabilities"][options.kind] for case in cases])
    moved = np.abs(softmax(logits, fixture["temperature"]) - expected).max(axis=1)
    print(f"{len(cases)} texts: |probability difference| mean {moved.mean():.1e}, largest {moved.max():.1e}")
    return 0 if moved.max() <= options.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
