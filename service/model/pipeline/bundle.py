"""Lays a version's files into `models/<name>/<version>/`, all of them or none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .failure import PipelineError


def version_folder(models: Path, name: str, version: str, replace: bool) -> Path:
    """`models/<name>/<version>`.

    Raises PipelineError where it exists already and `replace` is false: versions are immutable.
    """
    target = models / name / version
    if target.exists() and not replace:
        raise PipelineError(
            f"{target} exists already, and a published version never changes.",
            "give a higher --version; or --replace, if that version was never published or committed.",
        )
    return target


@contextmanager
def new_version(models: Path, name: str, version: str, replace: bool) -> Iterator[Path]:
    """Gives an empty folder that becomes `models/<name>/<version>` only if the block ends without an error."""
    target = version_folder(models, name, version, replace)
    partial = target.with_name(f".{version}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if target.exists():
            old = target.with_name(f".{version}.old")
            shutil.rmtree(old, ignore_errors=True)
            target.rename(old)
            partial.rename(target)
            shutil.rmtree(old)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_tokenizer(source: Path, target: Path) -> None:
    """Copies tokenizer.json without truncation and padding: the service does both itself."""
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    tokenizer["truncation"] = None
    tokenizer["padding"] = None
    target.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
