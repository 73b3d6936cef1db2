"""Reads a CSV of labelled texts and refuses what training could not use."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .failure import PipelineError

MIN_ROWS_PER_LABEL = 30
"""Fewer rows of one label leave nothing to hold out and calibrate with (10 % of 30 is 3 rows)."""


@dataclass(frozen=True)
class Row:
    """One labelled text; `line` is its line number in the file, the header being line 1."""

    line: int
    label: str
    text: str
    fields: dict[str, str]


def read_rows(path: Path, label_column: str, text_column: str) -> list[Row]:
    """Reads `path` (.csv or .csv.gz, UTF-8, header first).

    Raises PipelineError for a missing file or column, an empty text or label, or too few rows per label.
    """
    if not path.is_file():
        raise PipelineError(f"There is no file {path}.", "give the path of a .csv or .csv.gz file with --data.")
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or []
            for option, column in (("--label-column", label_column), ("--text-column", text_column)):
                if column not in columns:
                    raise PipelineError(
                        f'{path} has no column "{column}"; its columns are: {", ".join(columns) or "none"}.',
                        f"name the right column with {option}.",
                    )
            rows = []
            for record in reader:
                label = (record[label_column] or "").strip()
                text = record[text_column] or ""
                if not label or not text.strip():
                    what = "label" if not label else "text"
                    raise PipelineError(
                        f"{path}, line {reader.line_num}: the {what} is empty.",
                        "remove the row or fill it in; every row needs a label and a text.",
                    )
                rows.append(Row(reader.line_num, label, text, record))
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is not UTF-8 ({error.reason}).", "save it as UTF-8.") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise PipelineError(f"{path} is not a whole gzip file ({error}).", "compress it again, or give the plain .csv.") from error
    check_rows_per_label(rows)
    return rows


def check_rows_per_label(rows: list[Row]) -> None:
    """Raises PipelineError unless there are at least two labels with MIN_ROWS_PER_LABEL rows each."""
    counts = Counter(row.label for row in rows)
    if len(counts) < 2:
        found = f'only "{next(iter(counts))}"' if counts else "no rows"
        raise PipelineError(f"A classifier needs at least two labels; the data has {found}.", "add rows of another label.")
    for label, count in sorted(counts.items()):
        if count < MIN_ROWS_PER_LABEL:
            raise PipelineError(
                f'Label "{label}" has {count} rows; at least {MIN_ROWS_PER_LABEL} are needed.',
                "add rows of that label, or merge it into another.",
            )


def label_order(rows: list[Row], wanted: list[str] | None) -> list[str]:
    """The labels in the order of the logits: as `wanted`, else sorted by name.

    Raises PipelineError where `wanted` and the data's labels differ.
    """
    found = sorted({row.label for row in rows})
    if wanted is None:
        return found
    if sorted(wanted) != found:
        raise PipelineError(
            f"--labels says {', '.join(wanted)}; the data has {', '.join(found)}.",
            "give exactly the data's labels with --labels, or leave it out.",
        )
    return wanted


def eligible_rows(rows: list[Row], where: str | None) -> list[int]:
    """Indices of the rows that may be held out: all, or those of which `where` ("column=value") is true."""
    if where is None:
        return list(range(len(rows)))
    column, equals, value = where.partition("=")
    if not equals or column not in rows[0].fields:
        raise PipelineError(
            f'--held-out-where "{where}" names no column of the data.',
            f"write COLUMN=VALUE with one of: {', '.join(rows[0].fields)}.",
        )
    found = [i for i, row in enumerate(rows) if row.fields[column] == value]
    check_rows_per_label([rows[i] for i in found])
    return found
