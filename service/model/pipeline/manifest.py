"""Builds and checks `manifest.json`, the identity card of a model version.

The shape's owner is contract/src/model-manifest.ts; `check_manifest` covers what this side can get wrong.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .failure import PipelineError
from .files import sha256_of

MODEL_FILES = ("model.onnx", "tokenizer.json", "config.json")

MAX_VERSION_BYTES = 25_000_000
"""A bundled version is committed, once; this keeps a clone small."""


def file_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size in bytes of each model file in `folder`."""
    return {name: {"sha256": sha256_of(folder / name), "bytes": (folder / name).stat().st_size} for name in MODEL_FILES}


def check_manifest(manifest: dict[str, Any], folder: Path) -> None:
    """Raises PipelineError, naming all faults at once, where the manifest contradicts itself or the files in `folder`."""
    faults = []
    labels = manifest["labels"]
    if len(set(labels)) != len(labels) or len(labels) < 2:
        faults.append(f"labels must be two or more different ones, not {labels}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"]):
        faults.append(f'version must be like 1.0.0, not "{manifest["version"]}"')
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", manifest["name"]):
        faults.append(f'name must be one lower-case path segment, not "{manifest["name"]}"')
    if not manifest["temperature"] > 0:
        faults.append(f"temperature must be positive, not {manifest['temperature']}")
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif entry != {"sha256": sha256_of(path), "bytes": path.stat().st_size}:
            faults.append(f"{name} is not the file that the manifest describes")
    for i, golden in enumerate(manifest["golden"]):
        scores = golden["scores"]
        if set(scores) != set(labels):
            faults.append(f"golden {i} must score exactly the labels")
        elif abs(sum(scores.values()) - 1) > 1e-3 or max(scores, key=scores.get) != golden["label"]:
            faults.append(f"golden {i}: scores must sum to 1 and be largest for its label")
    for key in ("confidence", "tokens"):
        distribution = manifest["baseline"][key]
        if len(distribution["edges"]) != len(distribution["shares"]) + 1 or abs(sum(distribution["shares"]) - 1) > 1e-3:
            faults.append(f"baseline.{key} needs one more edge than shares, and shares that sum to 1")
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    if size > MAX_VERSION_BYTES:
        faults.append(f"the files have {size} bytes; at most {MAX_VERSION_BYTES} are wanted")
    if faults:
        raise PipelineError("The manifest is wrong: " + "; ".join(faults) + ".", "mend what it names and build the version again.")
