"""The tables [sources.NAME] of a system file, as far as one table of files gives them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from training.discovery.axis import DAY_NAME, Axis
from training.discovery.drafts import SourceDraft, Value, identifier, literal, query, without_separator
from training.discovery.looking import ROWS_OF_FILES, Look
from training.discovery.places import place_id
from training.discovery.shapes import Roles, has_file_places, stem_of
from training.discovery.turning import PLACE_NAME
from training.discovery.words import NO_NAME

STREAM_NAME = "stream"
MALFORMED_SHARE, SPARE_SHARE = 0.04, 0.05
FILE_STEM = "regexp_extract(filename, '([^/.]+)[^/]*$', 1)"


@dataclass
class Selection:
    """The columns of a query: those that it makes, and the conditions of its rows."""

    made: dict[str, str] = field(default_factory=dict)
    where: list[str] = field(default_factory=list)


def source_of(
    look: Look,
    name: str,
    measures: Mapping[str, Sequence[str]],
    aggregate: str | None,
    axis: Axis | None = None,
    filled: str | None = None,
) -> SourceDraft:
    """The source of some measures, each with its columns; of none if rows are counted.

    `axis` says when the rows are, where it is not that of the table. Rows without `filled` are left out.
    """
    axis, roles = axis or look.axis, look.roles
    selection = Selection(dict(axis.select))
    place = _place(look, selection)
    stream = _stream(roles, selection)
    for column, totals in look.stream_totals.items():
        selection.where.append(f"{identifier(column)} NOT IN ({', '.join(map(literal, totals))})")
    if filled is not None:
        selection.where.append(f"{identifier(filled)} IS NOT NULL")
    if axis.ends_hours is not None and aggregate == "sum":
        selection.made[axis.ends_hours] = f"CAST({identifier(axis.ends_hours)} AS INTEGER) - 1"
    counted = _counted(roles, measures, selection)
    selection.made.update({name: of.sql for name, of in roles.chosen.derived.items() if name in counted})
    days = axis.time or (axis.day or DAY_NAME,)
    used = [place, *days, *counted, stream, look.known_at]
    keys: dict[str, Value] = dict(_files(look))
    has_given_names = any(is_given_name(name, look.full.columns) for name in used if name is not None)
    if selection.made or selection.where or look.body != ROWS_OF_FILES or has_given_names:
        columns = list(dict.fromkeys(column for column in used if column is not None))
        keys["query"] = query(columns, selection.made, selection.where, look.body) + "\n"
    keys |= {"place": place} if place is not None else {"place_columns": counted}
    keys |= {"time": _one_or_all(axis.time)} if axis.time else {"day": days[0]}
    keys |= _optional(
        day_format=None if axis.select else axis.day_format,
        timezone=axis.zone,
        aggregate=aggregate,
    )
    keys["measures"] = {m: "*" if roles.place_columns or not of else _one_or_all(of) for m, of in measures.items()}
    keys |= _optional(stream=stream, known_at=look.known_at)
    keys |= dict(_numbers(look)) if counted else {}
    if look.week_day is not None:
        keys |= {"every": "week", "week_day": look.week_day}
    if look.ignored:
        keys["ignore_places"] = look.ignored
    return SourceDraft(name, keys)


def is_given_name(name: str, columns: Collection[str]) -> bool:
    """Return whether a column may have its name from the reader, as in a query: others are named alike, or it is blank.

    A source that names such a column would not find it, or more than one.
    """
    base, _, number = name.rpartition("_")
    is_numbered = number.isdecimal() and base in columns
    return is_numbered or f"{name}_2" in columns or NO_NAME.fullmatch(name) is not None


def _optional(**keys: str | None) -> dict[str, Value]:
    return {key: value for key, value in keys.items() if value is not None}


def _one_or_all(columns: Sequence[str]) -> Value:
    return columns[0] if len(columns) == 1 else list(columns)


def _files(look: Look) -> Iterator[tuple[str, Value]]:
    location = look.table.location
    yield "path", _one_or_all(look.path)
    if location.sheet is not None and not location.is_first:
        yield "sheet", location.sheet
    if len(location.header_rows) > 1:
        yield "header_row", list(location.header_rows)
    elif location.header_rows != (1,):
        yield "header_row", location.header_rows[0]


def _place(look: Look, selection: Selection) -> str | None:
    """The column of places, None where each place has one; what a query must do for it is put into the selection."""
    roles = look.roles
    if roles.place_columns:
        return None
    if roles.place is None:
        selection.made[PLACE_NAME] = FILE_STEM if is_place_a_file(look) else literal(look.root)
        return PLACE_NAME
    column = roles.place.group.id
    if any("/" in text for text in column.filled):
        selection.made[column.name] = without_separator(column.name)
    if look.nameless is not None:
        selection.where.append(f"{identifier(look.nameless)} IS NOT NULL")
        if look.nameless_words:
            words = ", ".join(map(literal, look.nameless_words))
            selection.where.append(f"{identifier(look.nameless)} NOT IN ({words})")
    return column.name


def is_place_a_file(look: Look) -> bool:
    """Return whether each of several files has the counts of one place: no column has it, and names differ in words."""
    return look.roles.place is None and not look.roles.place_columns and has_file_places(look.table)


def file_stems(look: Look) -> list[str]:
    """The names of the files, without folders and endings."""
    return list(dict.fromkeys(stem_of(content) for content in look.table.contents))


def _stream(roles: Roles, selection: Selection) -> str | None:
    if not roles.streams:
        return None
    columns = [group.name or group.id for group in roles.streams]
    if len(columns) == 1:
        if any("/" in text for text in columns[0].filled):
            selection.made[columns[0].name] = without_separator(columns[0].name)
        return columns[0].name
    selection.made[STREAM_NAME] = f"concat_ws(' ', {', '.join(without_separator(column.name) for column in columns)})"
    return STREAM_NAME


def _counted(roles: Roles, measures: Mapping[str, Sequence[str]], selection: Selection) -> list[str]:
    """The columns of counts; those of places by ids that places may have."""
    columns = list(dict.fromkeys(column for of in measures.values() for column in of))
    if not roles.place_columns:
        return columns
    selection.made.update({place_id(c): identifier(c) for c in columns if place_id(c) != c})
    return [place_id(column) for column in columns]


def _numbers(look: Look) -> Iterator[tuple[str, Value]]:
    notation = look.notation.notation
    if notation.missing:
        yield "missing", sorted(notation.missing)
    if notation.suppressed:
        yield "suppressed", dict(notation.suppressed)
    if notation.decimal != ".":
        yield "decimal", notation.decimal
    if notation.thousands is not None:
        yield "thousands", notation.thousands
    n_rows = look.full.n_rows + look.full.n_malformed
    n_rejected = look.n_without_day + look.full.n_malformed
    if n_rejected > MALFORMED_SHARE * n_rows:
        yield "max_rejected_share", min(1.0, round(n_rejected / n_rows + SPARE_SHARE, 2))
