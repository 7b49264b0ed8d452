"""The tree of places, from places.csv or from [[places]]."""

from pathlib import Path

from publication.model import Place
from training.system.complaints import nearest
from training.system.schema import PlaceTable, check_identifier
from training.system.tables import Row, read_table

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
    for row in rows:
        try:
            place = check_identifier(row["place"])
        except ValueError as error:
            raise row.refusal(f"place: found {row['place']!r}: {error}.") from None
        if place in seen:
            raise row.refusal(f"place {place} is listed twice, first in {seen[place].where}. Keep one of the two.")
        seen[place] = row
    return seen


def _place(row: Row, root: str) -> Place:
    place = row["place"]
    is_root = place == root
    if is_root and row["parent"]:
        raise row.refusal(
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
            raise row_by_id[place].refusal(f"the parent of {place} is {parent!r}, which is not a place. {advice}")
    sound = {root}
    for place in parent_of:
        _follow(place, parent_of, sound, row_by_id)


def _follow(place: str, parent_of: dict[str, str | None], sound: set[str], row_by_id: dict[str, Row]) -> None:
    """Go up from `place` until a place known to reach the root; a place met twice on the way is a cycle."""
    path: list[str] = []
    current = place
    while current not in sound:
        if current in path:
            cycle = " < ".join([*path[path.index(current) :], current])
            raise row_by_id[current].refusal(
                f"the parents of {current} lead back to itself ({cycle}). Correct one of them."
            )
        path.append(current)
        parent = parent_of[current]
        assert parent is not None  # noqa: S101  # only the root has none, and it is sound
        current = parent
    sound.update(path)
