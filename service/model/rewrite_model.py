#!/usr/bin/env python3
"""Makes a new version of a model from an existing one, without training: the same weights in the graph of pipeline/serving_graph.py.

The version is calibrated and evaluated anew on the rows that the existing one was, and compared with it row by row.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from make_model import HERE, HelpFormatter

MAX_CHANGED_SHARE = 0.005
"""Largest accepted share of held-out rows whose answer changes: last float bits that tip a rounding may move a toss-up."""


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of an existing version, made by make_model.py")
    parser.add_argument("--version", required=True, help="semantic version of the new one, such as 1.1.0")
    parser.add_argument("--data", type=Path, required=True, help="the CSV that the existing version was made from")
    parser.add_argument("--label-column", default="label", help="as given to make_model.py")
    parser.add_argument("--text-column", default="text", help="as given to make_model.py")
    parser.add_argument("--held-out-where", metavar="COLUMN=VALUE", help="as given to make_model.py")
    parser.add_argument("--models", type=Path, default=HERE / "models", help="where versions are written")
    parser.add_argument("--replace", action="store_true", help="overwrite a version that was never published or committed")
    return parser.parse_args()


def rewrite(options: argparse.Namespace) -> None:
    """Rewrites, calibrates, evaluates, compares, and writes the version's folder."""
    import onnxruntime
    from tokenizers import Tokenizer

    from pipeline.bundle import new_version
    from pipeline.calibration import fit_temperature, softmax, unsure_below
    from pipeline.cleaning import clean_texts, cleaning_version
    from pipeline.dataset import eligible_rows, label_order, read_rows
    from pipeline.evaluate import baseline, figures
    from pipeline.failure import PipelineError
    from pipeline.files import read_json, write_json
    from pipeline.inference import OnnxModel
    from pipeline.manifest import check_manifest, file_entries
    from pipeline.serving_graph import REWRITES, rewrite_for_serving
    from pipeline.split import split_rows

    source: Path = options.source
    old = read_json(source / "manifest.json")
    check_manifest(old, source)
    if cleaning_version() != old["cleaningVersion"]:
        raise PipelineError(
            f"The service cleans by version {cleaning_version()}, the model was trained with {old['cleaningVersion']}.",
            "train a new version with make_model.py.",
        )
    rows = read_rows(options.data, options.label_column, options.text_column)
    labels = label_order(rows, old["labels"])
    texts = clean_texts([row.text for row in rows])
    kept = [i for i, text in enumerate(texts) if text]
    rows, texts = [rows[i] for i in kept], [texts[i] for i in kept]
    split = split_rows(rows, texts, eligible_rows(rows, options.held_out_where), old["training"]["splitSeed"])
    found = [len(split.training), len(split.validation), len(split.held_out)]
    expected = [old["training"]["rows"], old["training"]["validationRows"], old["evaluation"]["rows"]]
    if found != expected:
        raise PipelineError(
            f"The data split into {found} rows to train, validate and hold out; {source} was made from {expected}.",
            "give the same --data and --held-out-where as make_model.py was given.",
        )

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.enable_truncation(old["maxTokens"])

    def encoded(chosen: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in tokenizer.encode_batch(chosen)]

    validation, held_out = (encoded([texts[i] for i in part]) for part in (split.validation, split.held_out))
    validation_truth, held_out_truth = (
        np.array([labels.index(rows[i].label) for i in part]) for part in (split.validation, split.held_out)
    )
    with new_version(options.models, old["name"], options.version, options.replace) as folder:
        rewrite_for_serving(source / "model.onnx", folder / "model.onnx")
        for name in ("tokenizer.json", "config.json"):
            shutil.copyfile(source / name, folder / name)
        before, after = OnnxModel(source / "model.onnx"), OnnxModel(folder / "model.onnx")

        validation_logits = after.logits_one_by_one(validation)
        temperature = round(fit_temperature(validation_logits, validation_truth), 4)
        probabilities = softmax(validation_logits, temperature)
        unsure = unsure_below(probabilities)
        print(f"temperature {temperature} (was {old['temperature']}), unsure below {unsure} (was {old['unsureBelow']})")

        old_logits, logits = before.logits_one_by_one(held_out), after.logits_one_by_one(held_out)
        answers = figures(logits, held_out_truth, labels, temperature)
        moved = np.abs(softmax(logits, temperature) - softmax(old_logits, old["temperature"])).max(axis=1)
        changed = int((logits.argmax(axis=1) != old_logits.argmax(axis=1)).sum())
        print(f"held out, now: { {key: answers[key] for key in ('accuracy', 'macroF1', 'ece')} }")
        print(f"held out, was: { {key: old['evaluation'][key] for key in ('accuracy', 'macroF1', 'ece')} }")
        print(f"{changed} of {len(held_out)} answers differ; |probability difference| mean {moved.mean():.1e}, largest {moved.max():.1e}")
        if changed > MAX_CHANGED_SHARE * len(held_out):
            raise PipelineError(
                f"{changed} of {len(held_out)} held-out answers changed.", "look in pipeline/serving_graph.py for what changed the graph's meaning."
            )

        golden = [case["text"] for case in old["golden"]]
        golden_scores = softmax(after.logits_one_by_one(encoded(clean_texts(golden))), temperature)
        manifest = old | {
            "version": options.version,
            "createdAt": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "temperature": temperature,
            "unsureBelow": unsure,
            "files": file_entries(folder),
            "golden": [
                {"text": text, "label": labels[int(p.argmax())], "scores": {label: round(float(p[i]), 6) for i, label in enumerate(labels)}}
                for text, p in zip(golden, golden_scores)
            ],
            "evaluation": old["evaluation"] | answers,
            "quantization": old["quantization"]
            | {"graph": REWRITES, "rewrittenFrom": old["version"], "tool": f"onnxruntime {onnxruntime.__version__}"},
            "baseline": baseline(probabilities, validation, labels, old["maxTokens"], old["tokens"]["unk"]),
        }
        check_manifest(manifest, folder)
        write_json(folder / "manifest.json", manifest)
    print(f"{options.models / old['name'] / options.version} is written")


def main() -> int:
    """0 when the version was written, 1 with a message otherwise."""
    from pipeline.failure import PipelineError

    try:
        rewrite(arguments())
    except PipelineError as error:
        print(f"rewrite_model: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
