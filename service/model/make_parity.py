#!/usr/bin/env python3
"""Writes the parity fixture: what Python's tokenizer and ONNX Runtime answer, for the service to match.

ONNX Runtime sums in another order on another kind of processor, and a value on the border between two steps of int8 then
falls to the other side. So the fixture has the answers of each kind that this was run on; a run replaces its own kind's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--version-folder", type=Path, required=True, help="a bundled version")
    parser.add_argument("--out", type=Path, default=HERE.parent / "test" / "fixtures" / "parity.json.gz", help="where to write")
    return parser.parse_args()


def processor_kind() -> str:
    """Which of ONNX Runtime's kernels this machine runs, as the service's parity test names them."""
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    if "avx512_vnni" in flags:
        return "avx512-vnni"
    if "avx2" in flags and "avx512f" not in flags and "avx_vnni" not in flags:
        return "avx2"
    raise SystemExit("make_parity: this processor is neither of avx512-vnni and avx2: name its kind here and in parity.test.ts")


def earlier_answers(file: Path, model: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Probabilities by kind of processor for each text of an earlier fixture; none if that is of another model."""
    if not file.exists():
        return {}
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        fixture = json.load(stream)
    if fixture["model"] != model:
        return {}
    return {case["text"]: case["probabilities"] for case in fixture["texts"]}


def main() -> int:
    """0 when the fixture was written, 1 with a message otherwise."""
    options = arguments()
    from transformers import AutoTokenizer

    from parity_texts import parity_texts
    from pipeline.calibration import softmax
    from pipeline.cleaning import clean_texts, cleaning_version
    from pipeline.failure import PipelineError
    from pipeline.files import final_when_done, read_json
    from pipeline.inference import OnnxModel
    from pipeline.manifest import check_manifest

    folder: Path = options.version_folder
    try:
        manifest = read_json(folder / "manifest.json")
        check_manifest(manifest, folder)
        if cleaning_version() != manifest["cleaningVersion"]:
            raise PipelineError(
                f"The service cleans by version {cleaning_version()}, the model was trained with {manifest['cleaningVersion']}.",
                "make a new model version with the present cleaning.",
            )
        raw = list(dict.fromkeys(parity_texts()))
        cleaned = clean_texts(raw)
    except PipelineError as error:
        print(f"make_parity: {error}", file=sys.stderr)
        return 1
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = OnnxModel(folder / "model.onnx")
    made_by = {"name": manifest["name"], "version": manifest["version"], "sha256": manifest["files"]["model.onnx"]["sha256"]}
    earlier = earlier_answers(options.out, made_by)
    kind = processor_kind()
    cases = []
    for source, text in zip(raw, cleaned):
        if not text:
            continue
        ids = tokenizer(text, truncation=True, max_length=manifest["maxTokens"])["input_ids"]
        logits = model.logits([ids])[0]
        probabilities = softmax(logits, manifest["temperature"])
        cases.append(
            {
                "raw": source,
                "text": text,
                "ids": ids,
                "probabilities": {**earlier.get(text, {}), kind: [round(float(value), 7) for value in probabilities]},
            }
        )
    fixture = {
        "model": made_by,
        "maxTokens": manifest["maxTokens"],
        "temperature": manifest["temperature"],
        "labels": manifest["labels"],
        "cleaningVersion": manifest["cleaningVersion"],
        "texts": cases,
    }
    with final_when_done(options.out) as temporary:
        # No file name and no time in the header, so that the same cases give the same bytes.
        with temporary.open("wb") as raw_stream, gzip.GzipFile("", "wb", mtime=0, fileobj=raw_stream) as stream:
            stream.write(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")).encode())
    lengths = np.array([len(case["ids"]) for case in cases])
    print(
        f"{options.out.name}: {len(cases)} cases on {kind}, {options.out.stat().st_size / 1e3:.0f} kB, {int(lengths.min())} to {int(lengths.max())} tokens, "
        f"{int((lengths == manifest['maxTokens']).sum())} at the limit, {len(raw) - len(cases)} empty after cleaning and left out"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
