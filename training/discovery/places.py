"""The places of a table: their ids, names and parents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from publication.vocabulary import SEPARATOR
from training.discovery.drafts import PlaceDraft
from training.discovery.labels import DEPENDS_SHARE, SAME_NUMBER_SHARE, LabelGroup, depends
from training.discovery.tables import Column, FileTable
from training.discovery.words import NAMELESS_WORDS, ORGANISATION_WORDS, REGION_WORDS

INSTEAD = "-"


@dataclass(frozen=True)
class PlaceColumns:
    """The columns that say which place a row is of: ids, names, and the levels above, the highest first."""

    group: LabelGroup
    levels: tuple[LabelGroup, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all of them."""
        columns = [column for group in (self.group, *self.levels) for column in (group.id, group.name) if column]
        return list(dict.fromkeys(column.name for column in columns))


def find_levels(place: LabelGroup, groups: Sequence[LabelGroup]) -> tuple[LabelGroup, ...]:
    """Return the groups above the places: each depends on the places, and the higher on the lower."""
    above = [
        group
        for group in groups
        if group is not place
        and 1 < group.n_values < SAME_NUMBER_SHARE * place.n_values
        and (group.fits(REGION_WORDS) or group.fits(ORGANISATION_WORDS))
        and depends(place.columns[0], group.columns[0]) >= DEPENDS_SHARE
    ]
    levels: list[LabelGroup] = []
    for group in sorted(above, key=lambda group: group.n_values):
        if not levels or depends(group.columns[0], levels[-1].columns[0]) >= DEPENDS_SHARE:
            levels.append(group)
    return tuple(levels)


def place_id(text: str) -> str:
    """The id of a place: its text without the sign that separates the parts of a series' name."""
    return text.strip().replace(SEPARATOR, INSTEAD)


def is_nameless(text: str) -> bool:
    """Return whether a text says that a row is of no place."""
    return not text.strip() or text.strip() in NAMELESS_WORDS


def list_places(table: FileTable, columns: PlaceColumns, ignored: Iterable[str], root: str) -> list[PlaceDraft]:
    """Return the places in the order of their first rows, below their parents."""
    ids = table.columns[columns.group.id.name]
    names = table.columns[columns.group.name.name] if columns.group.name is not None else None
    taken = {place_id(text) for text in ids.filled} | {root}
    left_out = set(ignored)
    levels = []
    for group in columns.levels:
        level = _Level.of(table, group, ids, taken)
        taken |= set(level.id_of.values())
        levels.append(level)
    name_of = _last_with(ids, names) if names is not None else {}
    drafts: dict[str, PlaceDraft] = {}
    for number in _in_order(ids):
        text = ids.texts[number]
        if is_nameless(text) or place_id(text) in left_out:
            continue
        parent = ""
        for level in levels:
            above = level.parent_of.get(number)
            if above is None:
                continue
            drafts.setdefault(above, PlaceDraft(above, parent, level.name_of.get(above, ""), level.kind))
            parent = above
        kind = _kind(columns.group)
        drafts.setdefault(place_id(text), PlaceDraft(place_id(text), parent, name_of.get(number, ""), kind))
    return _parents_first(drafts)


def _parents_first(drafts: dict[str, PlaceDraft]) -> list[PlaceDraft]:
    parents = {draft.parent for draft in drafts.values()}
    return sorted(drafts.values(), key=lambda draft: draft.id not in parents)


def _kind(group: LabelGroup) -> str:
    return "region" if group.fits(REGION_WORDS) and not group.fits(ORGANISATION_WORDS) else ""


@dataclass(frozen=True)
class _Level:
    """A level above the places: the parent of each place, by the number of its id."""

    parent_of: dict[int, str]
    id_of: dict[str, str]
    name_of: dict[str, str]
    kind: str

    @classmethod
    def of(cls, table: FileTable, group: LabelGroup, ids: Column, taken: set[str]) -> "_Level":
        column = table.columns[group.id.name]
        values = [text for text in column.filled if not is_nameless(text)]
        is_clash = any(place_id(value) in taken for value in values)
        prefix = f"{_short(group)}-" if is_clash else ""
        id_of = {value: place_id(prefix + value) for value in values}
        parents = _last_with(ids, column)
        parent_of = {number: id_of[value] for number, value in parents.items() if value in id_of}
        name_of: dict[str, str] = {}
        if group.name is not None:
            numbers = _last_with(column, table.columns[group.name.name])
            name_of = {id_of[column.texts[n]]: name for n, name in numbers.items() if column.texts[n] in id_of}
        kind = "organisation" if group.fits(ORGANISATION_WORDS) else "region"
        return cls(parent_of, id_of, name_of, kind)


def _short(group: LabelGroup) -> str:
    """A word for the level, from the name of the column that has names of people's words, if there is one."""
    column = group.name or group.id
    return place_id(column.name).strip() or "level"


def _last_with(ids: Column, other: Column) -> dict[int, str]:
    """The last text of another column that is there, for each number of an id."""
    is_known = ~other.is_blank[other.codes]
    last = np.full(len(ids.texts), -1)
    rows = np.flatnonzero(is_known)
    last[ids.codes[rows]] = other.codes[rows]
    return {number: other.texts[code] for number, code in enumerate(last.tolist()) if code >= 0}


def _in_order(ids: Column) -> list[int]:
    """The numbers of ids in the order of their first rows."""
    distinct, first = np.unique(ids.codes, return_index=True)
    in_order: list[int] = distinct[np.argsort(first)].tolist()
    return in_order
