"""docs/reference/history.md names every reason, count and column that an ingest leaves behind, and no other."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from training.history.batches import BATCH_SCHEMA
from training.history.quarantine import QUARANTINE_COLUMNS, Reason
from training.history.summary import FileSummary

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "history.md").read_text(encoding="utf-8")
COUNTS = [field.name for field in fields(FileSummary) if field.name not in ("source", "file", "rows")]


def first_column(heading: str) -> list[str]:
    """The code words in the first column of the table with this heading."""
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("counted as | meaning", COUNTS),
        ("column | meaning", QUARANTINE_COLUMNS),
        ("reason | when", list(Reason)),
        ("column | type | meaning", BATCH_SCHEMA.names),
    ],
)
def test_every_word_is_documented_and_nothing_else_is(heading: str, words: list[str]) -> None:
    assert first_column(heading) == words
