"""From what is known of a table to its sources and places; days that several files have."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from training.discovery import words as w
from training.discovery.axis import DAY_NAME, Axis
from training.discovery.days import DayColumn
from training.discovery.drafts import Assumption, PlaceDraft, SourceDraft
from training.discovery.labels import uniqueness
from training.discovery.looking import ROWS_OF_FILES, Look, Options, look, shown
from training.discovery.measures import BUILT_IN_FLOWS, BUILT_IN_KINDS, ChosenMeasures, kind_by_numbers, role_of
from training.discovery.notation import has_numbers
from training.discovery.place_totals import (
    by_day_and_place,
    leave_out_stream_totals,
    leave_out_totals,
    take_place_columns,
)
from training.discovery.places import list_places, place_id
from training.discovery.rates import RATE
from training.discovery.reading import read_columns
from training.discovery.shapes import UNIQUE_SHARE, Shape, has_file_places
from training.discovery.source_tables import file_stems, is_place_a_file, source_of
from training.discovery.tables import FileTable
from training.errors import HistoryError
from training.sources.times import MINUTES_A_DAY, SIXTY
from training.system.schema import DEFAULT_CENSUS_HOUR, DEFAULT_CENSUS_WITHIN_HOURS

EXAMPLES = 3
MOST_REVISED = 0.2
"""A later file may have other numbers for so many of the places and days."""


def check_overlaps(look: Look) -> None:
    """Say that files repeat days, where they do.

    Raises HistoryError where they have other numbers for the same places and days: one would replace the other.
    """
    table, roles = look.table, look.roles
    is_place_a_file = roles.place is None and has_file_places(table)
    if table.files is None or roles.place_columns or is_place_a_file or not roles.chosen.columns:
        return
    groups = [*([roles.place.group] if roles.place else []), *roles.streams]
    keys = {str(number): group.columns[0].codes for number, group in enumerate(groups)}
    values = {candidate.column.name: candidate.values for candidate in roles.candidates}
    y = next((values[names[0]] for names in roles.chosen.columns.values() if names[0] in values), None)
    if y is None:
        return
    frame = pd.DataFrame({**keys, "time": look.axis.minutes, "file": table.files.codes, "y": y}).dropna()
    of_file = frame.groupby([*keys, "time", "file"], sort=False)["y"].sum()
    of_time = of_file.groupby([*keys, "time"], sort=False).agg(["size", "min", "max"])
    repeated = of_time["size"].gt(1).to_numpy()
    differ = repeated & ~np.isclose(of_time["min"], of_time["max"])
    if differ.sum() > MOST_REVISED * len(of_time):
        raise HistoryError(
            f"Looking at {look.file}: the files have different numbers for the same places and days, and nothing says "
            "which ones count. Give init files of one kind, or one of them at a time."
        )
    if repeated.any():
        look.say("days in several files", "those of the last file count", "nearly all are the same")


COVERED_SHARE = 0.8
FURTHER = {"occupancy_mean": "mean", "occupancy_max": "max"}
"""Measures of the snapshots of a day, besides the census."""


@dataclass(frozen=True)
class Plan:
    """The sources and places of a table, and what was assumed. `zone` is a time zone that the data say, and why."""

    sources: tuple[SourceDraft, ...]
    places: tuple[PlaceDraft, ...]
    declared: Mapping[str, tuple[str, str]]
    assumptions: tuple[Assumption, ...]
    left_out: Mapping[str, str]
    last_day: date
    census_hour: int = DEFAULT_CENSUS_HOUR
    zone: tuple[str, str] | None = None


def plan(table: FileTable, path: tuple[str, ...], place: str, options: Options, root: str) -> Plan:
    """Return the sources and places of a table; `path` is what its sources read.

    `place` is that of rows that name none, `root` the system's name: they may be the same.

    Raises HistoryError where it has no counts of days, or where it can be read in two ways.
    """
    found = look(table, path, place, options)
    sources, declared = _of_events(found) if found.roles.shape is Shape.EVENTS else _of_counts(found)
    _say_unread(found)
    return Plan(
        tuple(sources),
        tuple(_places(found, root)),
        declared,
        tuple(found.assumptions),
        {**found.roles.chosen.left_out, **found.roles.left_out},
        _last_day(found),
        found.census_hour,
        found.zone,
    )


def _say_unread(found: Look) -> None:
    """Say which columns have the name of a measure, and words where its numbers should be."""
    roles = found.roles
    groups = [group for group in (roles.place and roles.place.group, *roles.streams) if group]
    read = {*found.axis.used, *(roles.place.names if roles.place else ()), *(c.name for g in groups for c in g.columns)}
    for name, column in found.table.columns.items():
        if name in read or column is roles.measure_names or role_of(column.words) not in BUILT_IN_KINDS:
            continue
        if has_numbers(column) or not column.n_filled or any(day.column.name == name for day in found.axis.others):
            continue
        roles.left_out[name] = "its cells are no numbers"
        found.say("not read", name, f"its cells are no numbers: {', '.join(column.filled[:EXAMPLES])}")


def _last_day(found: Look) -> date:
    """The newest day; of times the day before where the newest seems not to be over: others have more times."""
    axis = found.axis
    newest = int(axis.days.max())
    if axis.has_time:
        days, n_times = np.unique(np.unique(axis.minutes[axis.minutes >= 0]) // MINUTES_A_DAY, return_counts=True)
        is_over = found.roles.shape is not Shape.EVENTS and n_times[-1] >= np.median(n_times)
        newest = newest if is_over or len(days) == 1 else newest - 1
    return date.fromordinal(date(1970, 1, 1).toordinal() + newest)


def _of_counts(found: Look) -> tuple[list[SourceDraft], dict[str, tuple[str, str]]]:
    """The sources of counts, and the measures to be declared."""
    if found.roles.place_columns:
        take_place_columns(found)
    if not found.roles.chosen.columns:
        raise HistoryError(
            f"Looking at {found.file}: it has days, but no column of counts. Found the columns "
            f"{shown(list(found.table.columns))}. If one of them counts something, write system.toml by hand."
        )
    if not found.roles.place_columns:
        found.roles = replace(found.roles, chosen=_with_names(found, _with_kinds(found)))
        leave_out_totals(found)
        leave_out_stream_totals(found)
        check_overlaps(found)
    found.known_at = _known_at(found)
    if found.week_day is not None:
        found.roles = replace(found.roles, chosen=_without_rates(found.roles.chosen))
    chosen = found.roles.chosen
    if not found.roles.place_columns:
        for measure, columns in chosen.columns.items():
            found.say(measure, " + ".join(columns), chosen.because[measure])
    _say_places(found)
    _say_rows(found)
    declared = dict(chosen.declared)
    flows = {m: columns for m, columns in chosen.columns.items() if chosen.kind(m) == "flow"}
    stocks = {m: columns for m, columns in chosen.columns.items() if m not in flows}
    if found.week_day is not None:
        if stocks:
            raise HistoryError(f"Looking at {found.file}: it has one day a week; counts a day are needed.")
        found.say("every", f"week, dated on its {found.week_day} day", "the name of its column says so")
    if not found.axis.has_time:
        return [_of_days(found, {**flows, **stocks}, bool(stocks))], declared
    sources = [source_of(found, "sums", flows, "sum")] if flows else []
    if stocks:
        found.census_hour = _census_hour(found)
        sources.append(source_of(found, "census", stocks, "census"))
        if found.roles.shape is Shape.HOURLY and "occupancy" in stocks and not found.roles.place_columns:
            found.say(", ".join(FURTHER), "of the snapshots of a day", "further measures, next to the census")
            for name, statistic in FURTHER.items():
                declared[name] = ("stock", "beds")
                sources.append(source_of(found, name, {name: stocks["occupancy"]}, statistic))
    return sources, declared


def _of_days(found: Look, measures: Mapping[str, tuple[str, ...]], has_stocks: bool) -> SourceDraft:
    if found.axis.clock and has_stocks:
        found.census_hour = found.axis.clock // SIXTY % 24
    is_in_parts = found.roles.shape is Shape.PARTS and found.known_at is None
    return source_of(found, "daily", measures, "sum" if is_in_parts else None)


def _with_kinds(found: Look) -> ChosenMeasures:
    """The measures; those whose names say nothing have the kind that their numbers have."""
    chosen = found.roles.chosen
    unknown = {candidate.column.name for candidate in found.roles.candidates if candidate.role is None}
    declared = dict(chosen.declared)
    for measure, (_, unit) in chosen.declared.items():
        columns = chosen.columns[measure]
        if columns[0] in unknown:
            is_flow = kind_by_numbers(by_day_and_place(found, columns)) == "flow"
            declared[measure] = ("flow", unit) if is_flow else ("stock", "beds")
    return replace(chosen, declared=declared)


def _with_names(found: Look, chosen: ChosenMeasures) -> ChosenMeasures:
    """The measures; an only one whose column says no more than that it has counts is named by the sheet or the file."""
    (measure, *others), columns = chosen.columns, chosen.columns
    if (
        others
        or chosen.kind(measure) == RATE
        or not all(w.VALUE_WORDS.match(word) for word in w.tokens(columns[measure][0]))
    ):
        return chosen
    for name, because in ((found.table.location.sheet or "", "sheet"), (found.stem, "file")):
        role = role_of(w.tokens(name))
        if role in BUILT_IN_KINDS:
            renamed = {role: columns[measure]}
            return replace(chosen, columns=renamed, declared={}, because={role: f"the {because}'s name says so"})
    return chosen


def _without_rates(chosen: ChosenMeasures) -> ChosenMeasures:
    """The measures of totals of weeks: a rate has none."""
    rates = {measure: columns for measure, columns in chosen.columns.items() if chosen.kind(measure) == RATE}
    left_out = {column: "a rate has no total of a week" for columns in rates.values() for column in columns}
    columns = {measure: of for measure, of in chosen.columns.items() if measure not in rates}
    declared = {measure: of for measure, of in chosen.declared.items() if measure not in rates}
    return replace(chosen, columns=columns, declared=declared, left_out=chosen.left_out | left_out)


def _known_at(found: Look) -> str | None:
    """A column of instants at which rows became known, where days are sent again and again."""
    axis, place = found.axis, found.roles.place
    if axis.has_time or found.roles.shape is not Shape.PARTS:
        return None
    for other in axis.others:
        both = other.is_read & (axis.days >= 0)
        if not other.is_publication or other.format.text is not None or not both.any():
            continue
        places = [] if place is None else [place.group.columns[0].codes]
        is_later = ((other.days - axis.days)[both] >= 0).all()
        if is_later and uniqueness([axis.days, other.minutes, *places]) >= UNIQUE_SHARE:
            return other.column.name
    return None


def _census_hour(found: Look) -> int:
    """The hour of the census: the default if most days have a snapshot near it, else the nearest one that is sent."""
    minutes = found.axis.minutes[found.axis.minutes >= 0]
    days, clock = np.divmod(minutes, MINUTES_A_DAY)
    n_days = len(np.unique(days))
    within = DEFAULT_CENSUS_WITHIN_HOURS * SIXTY

    def covered(hour: int) -> float:
        return len(np.unique(days[np.abs(clock - hour * SIXTY) <= within])) / n_days

    if covered(DEFAULT_CENSUS_HOUR) >= COVERED_SHARE:
        found.say("census", f"the snapshot nearest to {DEFAULT_CENSUS_HOUR:02d}:00", "the default hour")
        return DEFAULT_CENSUS_HOUR
    shares = {hour: covered(hour) for hour in np.unique(clock // SIXTY).tolist()}
    most = max(shares.values())
    often = [hour for hour, share in shares.items() if share >= COVERED_SHARE * most]
    hour = min(often, key=lambda hour: abs(hour - DEFAULT_CENSUS_HOUR))
    found.say("census", f"the snapshot nearest to {hour:02d}:00", "few days have one near 08:00, the default")
    return int(hour)


def _say_rows(found: Look) -> None:
    match found.roles.shape:
        case Shape.DAILY:
            found.say("rows", "one a place and day", "no two have the same")
        case Shape.PARTS if found.known_at is not None:
            found.say("known at", found.known_at, "each day is there again with later values")
        case Shape.PARTS:
            found.say("rows", "several a place and day, added up", "no column tells them apart")
        case Shape.HOURLY:
            found.say("rows", "several a place and day", "their times are regular")


def _say_places(found: Look) -> None:
    roles = found.roles
    if roles.place_columns:
        found.say("places", f"{len(roles.place_columns)} columns", "each has the counts of one place")
        measure, because = next(iter(roles.chosen.because.items()))
        found.say(measure, "what these columns count", because)
        return
    if is_place_a_file(found):
        found.say("place", "the name of each file", "no column has places, and each file has those of one")
        return
    if roles.place is None:
        found.say("place", found.root, "no column has places: all rows are of one")
        return
    group = roles.place.group
    named = f", named by {group.name.name}" if group.name is not None else ""
    found.say("place", f"{group.id.name}{named}", f"{group.n_values} values, each again and again")
    for level in roles.place.levels:
        found.say("parents", level.id.name, f"{level.n_values} values, of which each place has one")
    if found.nameless is not None:
        found.say("left out", f"rows without {found.nameless}", "totals and notes: they are of no place")
    for stream in roles.streams:
        found.say("stream", stream.id.name, f"each place and day has a row for each of {stream.n_values} values")


def _places(found: Look, root: str) -> list[PlaceDraft]:
    roles = found.roles
    if roles.place_columns:
        return [PlaceDraft(place_id(c), name="" if place_id(c) == c else c) for c in roles.place_columns]
    if roles.place is None:
        names = file_stems(found) if is_place_a_file(found) else [found.root]
        return [PlaceDraft(name) for name in names if name != root]
    table = read_columns(found.full, roles.place.names) if found.body == ROWS_OF_FILES else found.full
    return list_places(table, roles.place, found.ignored, root)


def _of_events(found: Look) -> tuple[list[SourceDraft], dict[str, tuple[str, str]]]:
    """The sources that count events: one for each column of times that says of what."""
    axis = found.axis
    _say_places(found)
    found.say("rows", "one an event, counted", "no column has counts")
    main = axis.time[0] if axis.time else axis.day or DAY_NAME
    measure = _event_measure(found, main)
    found.say(measure, f"rows by {main}", "what the time is of")
    is_partly_blank = main in found.full.columns and found.full.columns[main].n_filled < found.full.n_rows
    sources = [source_of(found, measure, {measure: ()}, "count", filled=main if is_partly_blank else None)]
    for other in axis.others:
        role = role_of(other.column.words)
        if role not in BUILT_IN_FLOWS or role == measure or other.format.doubt or other.sql is not None:
            continue
        name = other.column.name
        sources.append(source_of(found, role, {role: ()}, "count", _shifted(axis, other), filled=name))
        found.say(role, f"rows by {name}", "counted by a time of their own")
        found.roles.left_out.pop(name, None)
    return sources, {}


def _shifted(axis: Axis, other: DayColumn) -> Axis:
    """The axis of another column of times."""
    name = other.column.name
    return replace(
        axis,
        day=None if other.has_time else name,
        time=(name,) if other.has_time else (),
        day_format=other.format.text,
        has_time=other.has_time,
        select={},
        zone=None,
        ends_hours=None,
    )


def _event_measure(found: Look, column: str) -> str:
    roles = (role_of(w.tokens(name)) for name in (column, found.stem))
    return next((role for role in roles if role in BUILT_IN_FLOWS), "attendances")
