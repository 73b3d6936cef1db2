#!/usr/bin/env python3
"""Measures ways to quantize one fused fp32 model and prints the table of README.md, "Quantization"."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import onnx

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--fused", type=Path, required=True, help="fused.onnx, which make_model.py leaves in its --work folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the bundled version")
    parser.add_argument("--data", type=Path, required=True, help="the CSV that the model was made from")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--labels", help="as given to make_model.py")
    parser.add_argument("--held-out-where", help="as given to make_model.py")
    parser.add_argument("--split-seed", type=int, default=13, help="as given to make_model.py")
    parser.add_argument("--work", type=Path, default=HERE / ".work" / "quantization", help="where the variants are written")
    parser.add_argument("--only", help="comma-separated names of variants")
    parser.add_argument("--skip-speed", action="store_true")
    return parser.parse_args()


def variants(fused: Path, calibration: list[list[int]], work: Path) -> dict[str, Path]:
    """Writes each variant and returns its path by name."""
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    from pipeline.quantize import activation_ranges, dynamic_inputs, fix_activation_scales, quantize_embeddings, quantize_products
    from pipeline.smooth import smooth

    work.mkdir(parents=True, exist_ok=True)
    made = {"fp32": fused}
    smoothed = work / "smoothed.onnx"
    smooth(fused, smoothed, calibration)
    for source, note in ((fused, ""), (smoothed, ", smoothed")):
        for bits in (8, 7):
            products, fixed = work / "products.onnx", work / "fixed.onnx"
            quantize_products(source, products, reduce_range=bits == 7)
            if not note:
                made[f"dynamic, {bits}-bit weights"] = work / f"dynamic-{bits}.onnx"
                quantize_embeddings(products, made[f"dynamic, {bits}-bit weights"])
            name = f"fixed, {bits}-bit weights{note}"
            fix_activation_scales(products, fixed, activation_ranges(source, dynamic_inputs(onnx.load(products)), calibration))
            made[name] = work / f"fixed-{bits}{note[2:]}.onnx"
            quantize_embeddings(fixed, made[name])
    unfused = fused.with_name("fp32.onnx")
    for block in (32, 128):
        quantizer = MatMulNBitsQuantizer(
            onnx.load(unfused),
            algo_config=DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=True, accuracy_level=4, bits=8),
        )
        quantizer.process()
        raw = work / "nbits.onnx"
        onnx.save(quantizer.model.model, raw)
        made[f"MatMulNBits 8, block {block}"] = work / f"nbits-{block}.onnx"
        quantize_embeddings(raw, made[f"MatMulNBits 8, block {block}"])
    return made


def batch_difference(model, ids: list[list[int]], temperature: float) -> float:
    """Largest |probability difference| between batch 1 and mixed, padded batches of 8."""
    from pipeline.calibration import softmax

    order = list(range(len(ids)))
    random.Random(5).shuffle(order)
    alone = model.logits_one_by_one(ids)
    together = np.zeros_like(alone)
    for at in range(0, len(order), 8):
        chosen = order[at : at + 8]
        together[chosen] = model.logits([ids[i] for i in chosen])
    return float(np.abs(softmax(alone, temperature) - softmax(together, temperature)).max())


def texts_per_second(model, tokens: int, batch: int) -> float:
    """Throughput with one thread: the best of five bursts, so that a neighbour's load counts least."""
    rng = np.random.default_rng(3)
    ids = [[101, *rng.integers(1000, 30000, tokens - 2).tolist(), 102] for _ in range(batch)]
    model.logits(ids)
    best = np.inf
    for _ in range(7):
        runs, started = 0, time.perf_counter()
        while runs < 3 or time.perf_counter() - started < 0.25:
            model.logits(ids)
            runs += 1
        best = min(best, (time.perf_counter() - started) / runs)
    return batch / best


def main() -> int:
    """Prints one row per variant."""
    options = arguments()
    from transformers import AutoTokenizer

    from pipeline.calibration import fit_temperature, softmax
    from pipeline.cleaning import clean_texts
    from pipeline.dataset import eligible_rows, label_order, read_rows
    from pipeline.evaluate import figures
    from pipeline.inference import OnnxModel
    from pipeline.quantize import CALIBRATION_ROWS
    from pipeline.split import split_rows

    rows = read_rows(options.data, options.label_column, options.text_column)
    labels = label_order(rows, options.labels.split(",") if options.labels else None)
    texts = clean_texts([row.text for row in rows])
    split = split_rows(rows, texts, eligible_rows(rows, options.held_out_where), options.split_seed)
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    truth = np.array([labels.index(rows[i].label) for i in split.validation])
    calibration = tokenizer([texts[i] for i in split.training[:CALIBRATION_ROWS]], truncation=True, max_length=128)["input_ids"]
    ids = tokenizer([texts[i] for i in split.validation], truncation=True, max_length=256)["input_ids"]
    print("| variant | MB | accuracy | same answer as fp32 | mean, max dp to fp32 | max dp, batch 8 to 1 | 16x1 | 48x1 | 128x1 | 16x8 | 48x8 | 128x8 |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    reference, temperature = None, 1.0
    for name, path in variants(options.fused, calibration, options.work).items():
        if options.only and name not in options.only.split(","):
            continue
        model = OnnxModel(path)
        logits = model.logits_one_by_one(ids)
        if reference is None:
            reference, temperature = logits, fit_temperature(logits, truth)
        moved = np.abs(softmax(logits, temperature) - softmax(reference, temperature)).max(axis=1)
        difference = batch_difference(model, ids[:400], temperature)
        speeds = [] if options.skip_speed else [texts_per_second(model, tokens, batch) for batch in (1, 8) for tokens in (16, 48, 128)]
        print(
            f"| {name} | {path.stat().st_size / 1e6:.1f} | {figures(logits, truth, labels, temperature)['accuracy']:.4f} "
            f"| {(logits.argmax(1) == reference.argmax(1)).mean():.4f} | {moved.mean():.4f}, {moved.max():.3f} "
            f"| {difference:.4f} | {' | '.join(f'{s:.0f}' for s in speeds)} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
