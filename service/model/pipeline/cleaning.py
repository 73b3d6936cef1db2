"""Cleans texts with the service's own code, so that training and serving see the same text."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from .failure import PipelineError

CLEANER = Path(__file__).resolve().parents[2] / "dist" / "clean-texts.js"
"""Built from service/src/clean-texts.ts; reads and writes NDJSON strings."""

REMEDY = "run `npm ci --ignore-scripts && npm run build -w service` in the repository's root."


def _run(arguments: list[str], text: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise PipelineError("There is no `node` on the PATH.", "install Node 20 or later.")
    if not CLEANER.is_file():
        raise PipelineError("The service's text cleaner is not built (service/dist/clean-texts.js is missing).", REMEDY)
    done = subprocess.run([node, str(CLEANER), *arguments], input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise PipelineError(f"The service's text cleaner failed: {done.stderr.decode(errors='replace').strip()}", REMEDY)
    return done.stdout.decode()


def cleaning_version() -> str:
    """The version of the cleaning, as the manifest records it."""
    return _run(["--version"], "").strip()


def clean_texts(texts: list[str]) -> list[str]:
    """Each text, cleaned, in order; a text of which nothing is left comes back empty."""
    if not texts:
        return []
    # "\n" only: splitlines() would also split on U+2028 and others, which JSON does not escape.
    lines = _run([], "".join(json.dumps(text) + "\n" for text in texts)).rstrip("\n").split("\n")
    if len(lines) != len(texts):
        raise PipelineError(f"The service's text cleaner gave {len(lines)} texts for {len(texts)}.", REMEDY)
    return [json.loads(line) for line in lines]
