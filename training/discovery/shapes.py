"""The shape of a table: what its rows are, and the sources that make days of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from training.discovery import words as w
from training.discovery.axis import Axis
from training.discovery.labels import (
    MOST_OF_A_STREAM,
    LabelGroup,
    grouped,
    independent,
    is_index,
    is_label,
    uniqueness,
)
from training.discovery.measures import ChosenMeasures, CountCandidate, as_candidate, choose, role_of
from training.discovery.notation import has_numbers
from training.discovery.places import PlaceColumns, find_levels, is_nameless
from training.discovery.rates import take_rates
from training.discovery.tables import Column, FileTable
from training.sources.contents import Content
from training.sources.times import SIXTY
from training.system.model import Notation

UNIQUE_SHARE = 0.97
"""Rows are one a place and time if so many of them are alone with theirs."""
MOST_REGULAR_MINUTES = 6
FEWEST_PLACE_COLUMNS = 2
PLACES_SHARE = 0.6
FEWEST_DAYS_OF_CALENDAR = 5
SAME_EACH_DAY_SHARE = 0.999


class Shape(StrEnum):
    """What the rows of a table are."""

    DAILY = "one row a day"
    HOURLY = "several rows a day, at regular times"
    EVENTS = "one row an event"
    PARTS = "several rows a day, which add up"


@dataclass(frozen=True)
class Roles:
    """The columns of a table by what they are. `place` is None where none has places; then columns may be places."""

    place: PlaceColumns | None
    place_columns: tuple[str, ...]
    streams: tuple[LabelGroup, ...]
    measure_names: Column | None
    chosen: ChosenMeasures
    shape: Shape
    left_out: dict[str, str] = field(default_factory=dict)
    candidates: tuple[CountCandidate, ...] = ()


def rows_of_places(table: FileTable, axis: Axis, notation: Notation) -> tuple[FileTable, Axis, str | None]:
    """Return the rows that name their place, and the column that does; all rows where none has a blank there."""
    roles = find_roles(table, axis, notation)
    if roles.place is None:
        return table, axis, None
    column = roles.place.group.id
    nameless = np.array([is_nameless(text) for text in column.texts])
    is_named = ~nameless[column.codes]
    if is_named.all():
        return table, axis, None
    return table.rows(is_named), axis.rows(is_named), column.name


def find_roles(table: FileTable, axis: Axis, notation: Notation) -> Roles:
    """Return what the columns of a table are."""
    left_out: dict[str, str] = {}
    columns = [column for name, column in table.columns.items() if name not in axis.used]
    columns = [column for column in columns if _is_useful(column, axis, left_out)]
    labels = [column for column in columns if is_label(column, axis.days, has_one_row_a_time(axis))]
    groups = grouped([column for column in labels if len(column.filled) > 1])
    free = independent(groups)
    place, streams, names = _dimensions(free, groups, axis)
    if place is None and (constant := _constant_place(labels)) is not None:
        place = PlaceColumns(constant)
    label_names = {column.name for group in groups for column in group.columns}
    label_names |= set(place.names) if place else set()
    rest = [column for column in columns if column.name not in label_names]
    counted = [c for c in rest if has_numbers(c) and not _is_calendar(c)]
    found = {column.name: as_candidate(column, notation) for column in counted}
    candidates = [c for c in found.values() if isinstance(c, CountCandidate)]
    rejected = {name: c for name, c in found.items() if isinstance(c, str)}
    left_out |= {c.name: "it is a part of the date" for c in rest if _is_calendar(c)}
    left_out |= {c.name: "it has words" for c in rest if c.name not in found and c.name not in left_out}
    keys = [*_keys(place, (), axis), *_file_keys(table)]
    if _are_events(candidates, columns, axis, keys):
        left_out |= {c.column.name: "rows are counted, not their numbers" for c in candidates}
        return Roles(place, (), (), None, ChosenMeasures(), Shape.EVENTS, left_out)
    place_columns = () if place is not None or names is not None else _place_columns(candidates)
    if place_columns:
        chosen = ChosenMeasures(left_out=rejected)
        shape = Shape.HOURLY if axis.has_time else Shape.DAILY
        return Roles(None, place_columns, (), None, chosen, shape, left_out, tuple(candidates))
    files = _file_keys(table)
    streams = _needed(streams, place, axis, files)
    chosen = choose(candidates, rejected)
    others = streams if names is None else (*streams, names)
    keys, keys_by_day = (_keys(place, others, axis, by_day) for by_day in (False, True))
    shape = _shape(axis, [*keys, *files], [*keys_by_day, *files])
    column = None if names is None else names.id
    if shape is Shape.DAILY and not axis.has_time:  # rows that are added up, and snapshots, have no rate of the day
        candidates += take_rates(chosen, counted, notation)
    return Roles(place, (), streams, column, chosen, shape, left_out, tuple(candidates))


def has_one_row_a_time(axis: Axis) -> bool:
    """Return whether no two rows have the same time, and times are regular: those of events hardly ever are."""
    minutes = axis.minutes[axis.minutes >= 0]
    is_regular = len(np.unique(minutes % SIXTY)) <= MOST_REGULAR_MINUTES
    return is_regular and len(np.unique(minutes)) > 1 and uniqueness([minutes]) >= UNIQUE_SHARE


def _is_useful(column: Column, axis: Axis, left_out: dict[str, str]) -> bool:
    if not column.n_filled:
        left_out[column.name] = "it is blank"
        return False
    if is_index(column):
        left_out[column.name] = "it numbers the rows"
        return False
    if w.NO_NAME.fullmatch(column.name) and has_numbers(column):
        left_out[column.name] = "its header is blank"
        return False
    if any(day.column.name == column.name for day in axis.others):
        left_out[column.name] = "it has days, but others than those that are counted"
        return False
    if len(np.unique(axis.days)) > 1 and _is_identifier(column):
        left_out[column.name] = "it identifies rows"
        return False
    return True


def _is_identifier(column: Column) -> bool:
    return w.has(column.words, w.CODE_WORDS) and column.n_rows > 50 and len(column.filled) > 0.9 * column.n_rows


def _is_calendar(column: Column) -> bool:
    """Return whether a column has a part of the date, such as its year or weekday."""
    texts = column.filled
    if w.has(column.words, w.YEAR_WORDS) and all(t.isdigit() and 1970 <= int(t) < 2100 for t in texts if len(t) < 6):
        return True
    parts = w.has(column.words, w.MONTH_WORDS) or w.has(column.words, w.WEEK_WORDS) or w.has(column.words, w.HOUR_WORDS)
    weekday = any(word in ("weekday", "dow", "wday", "dayofweek", "quarter") for word in column.words)
    return (parts or weekday) and all(t.isdigit() and int(t) <= 366 for t in texts if len(t) < 6)


def _dimensions(
    free: Sequence[LabelGroup], groups: Sequence[LabelGroup], axis: Axis
) -> tuple[PlaceColumns | None, tuple[LabelGroup, ...], LabelGroup | None]:
    """The places, what else counts are split by, and the group that names measures."""
    free = [group for group in free if not _follows_days(group, axis)]
    names = next((group for group in free if _names_measures(group)), None)
    others = [group for group in free if group is not names]
    ranked = sorted(others, key=lambda group: (group.place_score, group.n_values), reverse=True)
    if not ranked or ranked[0].place_score < 0:
        return None, tuple(ranked), names
    place = ranked[0]
    levels = find_levels(place, groups)
    return PlaceColumns(place, levels), tuple(ranked[1:]), names


def _follows_days(group: LabelGroup, axis: Axis) -> bool:
    """Return whether a label is only another name of the day, such as a weekday."""
    days = axis.days
    is_known = days >= 0
    distinct, at = np.unique(days[is_known], return_inverse=True)
    if len(distinct) < FEWEST_DAYS_OF_CALENDAR:
        return False
    codes = group.columns[0].codes[is_known]
    pairs = np.unique(at * (codes.max() + 1) + codes)
    return len(pairs) <= (1 + 1 - SAME_EACH_DAY_SHARE) * len(distinct)


def _names_measures(group: LabelGroup) -> bool:
    """Return whether most values of a label are names of measures, or its name says so."""
    values = group.columns[-1].filled if group.name is None else group.name.filled
    if group.fits(w.SITE_WORDS) and not group.fits(w.MEASURE_NAME_WORDS):
        return False
    known = [role_of(w.tokens(value)) for value in values[:50]]
    recognised = sum(role is not None for role in known)
    if group.fits(w.MEASURE_NAME_WORDS):
        return len(values) <= 60 and recognised > 0
    return 1 < len(values) <= 30 and recognised >= 0.6 * len(values) and len(set(known)) > 1


def _constant_place(labels: Sequence[Column]) -> LabelGroup | None:
    """A column of one place: its name says that it has places."""
    constant = [column for column in labels if len(column.filled) == 1 and not is_nameless(column.filled[0])]
    named = [
        c
        for c in constant
        if w.has(c.words, w.SITE_WORDS) or w.has(c.words, w.REGION_WORDS) or w.has(c.words, w.ORGANISATION_WORDS)
    ]
    if not named:
        return None
    group = LabelGroup(tuple(named))
    return LabelGroup((group.id,)) if group.name is None else LabelGroup((group.id, group.name))


def _place_columns(candidates: Sequence[CountCandidate]) -> tuple[str, ...]:
    """The columns that have one place each: most of them are named by nothing that is counted."""
    unknown = [c for c in candidates if c.role is None and all(word.isdecimal() for word in c.scope)]
    if len(unknown) < FEWEST_PLACE_COLUMNS or len(unknown) < PLACES_SHARE * len(candidates):
        return ()
    if len({w.STREAM_WORDS.match(word) is not None for c in unknown for word in c.column.words[:1]} - {False}) == 1:
        return ()
    return tuple(c.column.name for c in candidates)


def _keys(
    place: PlaceColumns | None, others: Iterable[LabelGroup], axis: Axis, by_day: bool = False
) -> list[np.ndarray]:
    keys = [axis.days if by_day or not axis.has_time else axis.minutes]
    if place is not None:
        keys.append(place.group.columns[0].codes)
    keys.extend(group.columns[0].codes for group in others)
    return keys


def _are_events(
    candidates: Sequence[CountCandidate], columns: Sequence[Column], axis: Axis, keys: Sequence[np.ndarray]
) -> bool:
    """Whether rows are events: nothing in them is counted, and their times are irregular or their days repeated."""
    counts = [c for c in candidates if c.role is not None and np.nanmax(c.values) > 1]
    if counts:
        return False
    if not axis.has_time:
        return uniqueness(keys) < UNIQUE_SHARE and not candidates
    minutes = axis.minutes[axis.minutes >= 0] % SIXTY
    is_irregular = len(np.unique(minutes)) > MOST_REGULAR_MINUTES
    if not candidates:
        return True
    return is_irregular and not any(w.has(c.column.words, w.VALUE_WORDS) for c in candidates)


def _file_keys(table: FileTable) -> list[np.ndarray]:
    """The file of each row, where there are several: each is of one place, or a later one may have the same days."""
    return [] if table.files is None else [table.files.codes]


def has_file_places(table: FileTable) -> bool:
    """Return whether the names of several files differ in words, as those of places do."""
    stems = {"".join(sign for sign in stem_of(content) if not sign.isdigit()) for content in table.contents}
    return len(stems) > 1


def stem_of(content: Content) -> str:
    """The name of a file, without its folder and its endings."""
    return content.file.rpartition("/")[2].lstrip(".").partition(".")[0]


def _needed(
    streams: Sequence[LabelGroup], place: PlaceColumns | None, axis: Axis, files: Sequence[np.ndarray]
) -> tuple[LabelGroup, ...]:
    """The streams without which rows would not be alone with their place and time, few values each."""
    needed: list[LabelGroup] = []
    for group in streams:
        before, after = (uniqueness([*_keys(place, some, axis), *files]) for some in (needed, [*needed, group]))
        if before >= UNIQUE_SHARE:
            break
        if group.n_values <= MOST_OF_A_STREAM and after > before:
            needed.append(group)
    return tuple(needed)


def _shape(axis: Axis, keys: Sequence[np.ndarray], keys_by_day: Sequence[np.ndarray]) -> Shape:
    if not axis.has_time:
        return Shape.DAILY if uniqueness(keys) >= UNIQUE_SHARE else Shape.PARTS
    return Shape.DAILY if uniqueness(keys_by_day) >= UNIQUE_SHARE else Shape.HOURLY
