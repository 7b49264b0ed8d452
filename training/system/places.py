"""The tree of places, from places.csv or [[places]]: parents, opening periods, successors, spelling of ids."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from publication.model import Place, System
from training.errors import nearest
from training.system.model import OpeningPeriod
from training.system.schema import PlaceTable, check_identifier
from training.system.tables import Row, read_day, read_table

INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


def spelling_key(text: str) -> str:
    """Return the text as all its spellings are compared: composed letters, single blanks, nothing invisible."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


COLUMNS = ("place", "parent", "name", "kind", "valid_from", "valid_to", "succeeds")
ROOT_KIND = "system"
DEFAULT_KIND = "site"


def csv_rows(path: Path) -> list[Row]:
    """The rows of places.csv."""
    return read_table(path, COLUMNS, required=("place",))


def inline_rows(path: Path, tables: list[PlaceTable]) -> list[Row]:
    """The [[places]] of the system file, counted from 1."""
    return [Row(f"{path} [[places]] number {i}", table.model_dump()) for i, table in enumerate(tables, 1)]


def place_tree(root: str, rows: list[Row]) -> tuple[Place, ...]:
    """The places, root first, the rest as they are listed; what has no parent hangs under the root.

    Raises SystemFileError where the rows do not make one tree below `root`.
    """
    row_by_id = _distinct(rows)
    places = [_place(row, root) for row in rows]
    if root not in row_by_id:
        places.insert(0, Place(root, None, root, ROOT_KIND))
    _check_parents(places, row_by_id, root)
    return tuple(sorted(places, key=lambda place: place.parent is not None))


def _distinct(rows: list[Row]) -> dict[str, Row]:
    seen: dict[str, Row] = {}
    spelt: dict[str, Row] = {}
    for row in rows:
        try:
            place = check_identifier(row["place"])
        except ValueError as error:
            raise row.error(f"place: found {row['place']!r}: {error}.") from None
        key = spelling_key(place)
        if key in spelt:
            raise row.error(_listed_twice(place, spelt[key]))
        seen[place] = spelt[key] = row
    return seen


def _listed_twice(place: str, first: Row) -> str:
    if first["place"] == place:
        return f"place {place} is listed twice, first in {first.where}. Keep one of the two."
    spelling = f"place {place!r} is another spelling of {first['place']!r}, which is listed in {first.where}"
    return f"{spelling}: they differ in blanks, invisible signs, or how letters are composed. Keep one of the two."


def _place(row: Row, root: str) -> Place:
    place = row["place"]
    is_root = place == root
    if is_root and row["parent"]:
        raise row.error(
            f"{place} is the root (system.name), yet has the parent {row['parent']!r}. Leave its parent empty."
        )
    return Place(
        id=place,
        parent=None if is_root else row["parent"] or root,
        name=row["name"] or place,
        kind=row["kind"] or (ROOT_KIND if is_root else DEFAULT_KIND),
    )


def _check_parents(places: list[Place], row_by_id: dict[str, Row], root: str) -> None:
    parent_of = {place.id: place.parent for place in places}
    for place, parent in parent_of.items():
        if parent is not None and parent not in parent_of:
            advice = nearest(parent, list(parent_of)) if len(parent_of) > 1 else "List it as a place too."
            raise row_by_id[place].error(f"the parent of {place} is {parent!r}, which is not a place. {advice}")
    reaches_root = {root}
    for place in parent_of:
        _follow(place, parent_of, reaches_root, row_by_id)


def _follow(place: str, parent_of: dict[str, str | None], reaches_root: set[str], row_by_id: dict[str, Row]) -> None:
    """Go up from `place` until a place known to reach the root; a place met twice on the way is a cycle."""
    path: list[str] = []
    current = place
    while current not in reaches_root:
        if current in path:
            cycle = " < ".join([*path[path.index(current) :], current])
            raise row_by_id[current].error(
                f"the parents of {current} lead back to itself ({cycle}). Correct one of them."
            )
        path.append(current)
        parent = parent_of[current]
        assert parent is not None  # noqa: S101  # only the root has none, and it is in `reaches_root`
        current = parent
    reaches_root.update(path)


BETWEEN_PLACES = re.compile(r"\s*[;,|+]\s*")


def read_opening_periods(rows: list[Row], system: System) -> Mapping[str, OpeningPeriod]:
    """Return the opening period of each place that has one.

    A place that succeeds others without a `valid_from` opens on the day after the last of them closes; one without a
    `valid_to` closes on the day before its successor opens. Raises SystemFileError where days are out of order, or a
    predecessor is unknown, still open, or succeeded twice.
    """
    row_by_id = {row["place"]: row for row in rows}
    periods = _closed_by_successors(
        {place: _opening_period(row, system) for place, row in row_by_id.items()}, row_by_id
    )
    successor_of: dict[str, str] = {}
    for place, opening in periods.items():
        for predecessor in opening.succeeds:
            _check_predecessor(row_by_id[place], place, predecessor, periods, successor_of)
            successor_of[predecessor] = place
    opened = {place: _opened(row_by_id[place], opening, periods) for place, opening in periods.items()}
    return {place: opening for place, opening in opened.items() if opening != OpeningPeriod()}


def _opening_period(row: Row, system: System) -> OpeningPeriod:
    first = read_day(row, "valid_from") if row["valid_from"] else None
    last = read_day(row, "valid_to") if row["valid_to"] else None
    if first is not None and last is not None and last < first:
        raise row.error(f"valid_to: found {last}, which is before valid_from ({first}). Swap them, or correct one.")
    return OpeningPeriod(first, last, _predecessors(row, system))


def _closed_by_successors(
    periods: Mapping[str, OpeningPeriod], row_by_id: Mapping[str, Row]
) -> dict[str, OpeningPeriod]:
    closed = dict(periods)
    for place, successor in periods.items():
        for predecessor in successor.succeeds:
            own = closed.get(predecessor, OpeningPeriod())
            if own.last is not None or successor.first is None:
                continue
            if own.first is not None and successor.first <= own.first:
                raise row_by_id[place].error(
                    f"succeeds: {place} opens on {successor.first}, before {predecessor} does ({own.first}). "
                    "Correct one."
                )
            closed[predecessor] = replace(own, last=successor.first - timedelta(days=1))
    return closed


def _predecessors(row: Row, system: System) -> tuple[str, ...]:
    """Ids separated by semicolons; a lone id may contain any sign, and ids without blanks may be separated by them."""
    text = row["succeeds"].strip()
    if not text or text in system.place_by_id:
        return (text,) if text else ()
    words = [word for word in BETWEEN_PLACES.split(text) if word]
    if len(words) == 1 and all(word in system.place_by_id for word in text.split()):
        words = text.split()
    for word in words:
        if word not in system.place_by_id:
            known = nearest(word, list(system.place_by_id))
            raise row.error(f"succeeds: found {word!r}, which is not a place. {known} Separate several by semicolons.")
    return tuple(dict.fromkeys(words))


def _check_predecessor(
    row: Row,
    place: str,
    predecessor: str,
    periods: Mapping[str, OpeningPeriod],
    successor_of: Mapping[str, str],
) -> None:
    if predecessor in successor_of:
        raise row.error(
            f"succeeds: {predecessor} is succeeded by {successor_of[predecessor]} already; its counts would be added "
            "twice. Keep one of the two."
        )
    if predecessor not in periods or periods[predecessor].last is None:
        raise row.error(
            f"succeeds: {predecessor} and {place} have neither valid_to nor valid_from. Say when the one took over."
        )
    first, last = periods[place].first, periods[predecessor].last
    if first is not None and last is not None and first <= last:
        raise row.error(
            f"valid_from: found {first}, but {predecessor}, which {place} succeeds, is open until {last}. "
            "Let it begin on the day after."
        )


def _opened(row: Row, opening: OpeningPeriod, periods: Mapping[str, OpeningPeriod]) -> OpeningPeriod:
    ends = [end for end in (periods[predecessor].last for predecessor in opening.succeeds) if end is not None]
    if opening.first is not None or not ends:
        return opening
    first = max(ends) + timedelta(days=1)
    if opening.last is not None and opening.last < first:
        raise row.error(f"valid_to: found {opening.last}, which is before its predecessors close ({max(ends)}).")
    return OpeningPeriod(first, opening.last, opening.succeeds)
