"""docs/reference/system-file.md names every key that system.toml may have, and no other."""

import re
from pathlib import Path

import pytest

from training.system.model import BUILT_IN, EventKind
from training.system.places import COLUMNS
from training.system.schema import DeclaredMeasure, LevelTable, PlaceTable, SourceTable, SystemTable, Table
from training.system.tables import EVENT_COLUMNS, TERM_COLUMNS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "system-file.md").read_text(encoding="utf-8")


def first_column(title: str) -> list[str]:
    """The code words in the first column of the table below a heading."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("`[system]`", SystemTable),
        ("`[measures.NAME]`", DeclaredMeasure),
        ("`[sources.NAME]`", SourceTable),
        ("`[[places]]` and places.csv", PlaceTable),
        ("`[[levels]]`", LevelTable),
    ],
)
def test_every_key_is_documented_and_nothing_else_is(title: str, table: type[Table]) -> None:
    assert first_column(title) == list(table.model_fields)


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("`[[places]]` and places.csv", COLUMNS),
        ("events.csv", EVENT_COLUMNS),
        ("terms.csv", TERM_COLUMNS),
        ("Kinds of event", tuple(EventKind)),
        ("Built-in measures", tuple(measure.name for measure in BUILT_IN)),
    ],
)
def test_every_column_kind_and_built_in_measure_is_documented(title: str, columns: tuple[str, ...]) -> None:
    assert first_column(title) == list(columns)
