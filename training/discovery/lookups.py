"""Files without days that name the places of others, such as a table of codes and names."""

from collections.abc import Sequence
from dataclasses import replace

from training.discovery.cells import CellKind
from training.discovery.drafts import PlaceDraft
from training.discovery.places import place_id
from training.discovery.report import Assumption
from training.discovery.tables import Column, FileTable

NAMED_PLACES_SHARE = 0.8
"""A column has the ids of places if it has so many of them."""


def with_names(places: Sequence[PlaceDraft], table: FileTable) -> tuple[list[PlaceDraft], Assumption]:
    """Return the places with the names that a table without days has for them, and what was assumed of it."""
    file = table.contents[0].file
    ids = _ids(places, table)
    name = None if ids is None else _names(table, ids)
    if ids is None or name is None:
        return list(places), Assumption("left out", file, "it has no column of days")
    pairs = set(zip(ids.codes.tolist(), name.codes.tolist(), strict=True))
    name_of = {place_id(ids.texts[code]): name.texts[at].strip() for code, at in pairs}
    found = Assumption("names", f"{name.name} of {file}", f"its {ids.name} has the ids of places, and it has no days")
    return [place if place.name else replace(place, name=name_of.get(place.id, "")) for place in places], found


def _ids(places: Sequence[PlaceDraft], table: FileTable) -> Column | None:
    """The column with the ids of nearly all places, each once."""
    wanted = {place.id for place in places}
    for column in table.columns.values():
        have = {place_id(text) for text in column.filled}
        if len(wanted & have) >= NAMED_PLACES_SHARE * len(wanted) and len(column.filled) == column.n_filled:
            return column
    return None


def _names(table: FileTable, ids: Column) -> Column | None:
    """The column of words with the longest texts."""
    words = [c for c in table.columns.values() if c is not ids and c.shares[CellKind.WORD] >= NAMED_PLACES_SHARE]
    return max(words, key=lambda column: sum(map(len, column.filled)), default=None)
