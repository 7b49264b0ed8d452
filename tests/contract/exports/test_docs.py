"""docs/reference/exports.md names every table and column, and no other."""

import re

from tests.architecture.repository import ROOT
from tests.contract.exports.readers import columns_of
from training.exports.tables import FlatTables

PAGE = (ROOT / "docs" / "reference" / "exports.md").read_text(encoding="utf-8")
ONE_OF_MANY = {"q0.5", "occupancy_q0.5", "headroom_q0.5", "net_flow_q0.5", "over_0.92", "short_5"}
"""Columns that stand for one of each level, threshold or number of beds."""
MANY = re.compile(r"(?:occupancy_|headroom_|net_flow_)?q[0-9.]+|over_[0-9.]+|short_[0-9]+")


def test_the_page_has_every_table_with_its_columns_and_their_kinds(tables: FlatTables) -> None:
    documented = {
        title: re.findall(r"^\| `([^`]+)` \| (\w+) \|", section, re.MULTILINE)
        for title, section in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    }
    expected = {
        name: [(column.name, column.kind.value) for column in columns if is_documented(name, column.name)]
        for name, columns in columns_of(tables).items()
    }
    assert documented == expected


def is_documented(table: str, column: str) -> bool:
    """Return whether a table's section has the column: the system is explained once, many columns by one."""
    if column == "system":
        return table == "publication"
    return column in ONE_OF_MANY or not MANY.fullmatch(column)
