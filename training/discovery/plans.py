"""From the table of one file, or of several alike, to sources and places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from training.discovery import words as w
from training.discovery.axis import DAY_NAME, Axis, find_axis
from training.discovery.days_across import turned
from training.discovery.drafts import PlaceDraft, SourceDraft, Value
from training.discovery.labels import is_index, uniqueness
from training.discovery.measures import (
    FLOWS,
    ChosenMeasures,
    kind_by_numbers,
    measure_name,
    role_of,
)
from training.discovery.notation import FoundNotation, find_notation
from training.discovery.places import is_nameless, list_places, place_id
from training.discovery.reading import read_columns
from training.discovery.report import Assumption
from training.discovery.shapes import UNIQUE_SHARE, Roles, Shape, find_roles, rows_of_places
from training.discovery.sql import identifier, literal, query, without_separator
from training.discovery.tables import Column, FileTable
from training.discovery.totals import find_totals, pivot
from training.discovery.zones import ask_for_zone, zone_of_offsets
from training.errors import HistoryError
from training.sources.times import MINUTES_A_DAY, NOT_A_TIME
from training.system.schema import DEFAULT_CENSUS_HOUR, DEFAULT_CENSUS_WITHIN_HOURS

NOT_DAILY = "counts a day are needed"
FEWEST_MONTHS = 2
FEWEST_WEEKS = 3
A_WEEK = 7
COVERED_SHARE = 0.8
SHOWN = 6
MALFORMED_SHARE = 0.04
HOUR = 60


@dataclass(frozen=True)
class Options:
    """What the user said about the files."""

    day_format: str | None = None
    timezone: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Plan:
    """The sources and places of a table, and what was assumed."""

    sources: tuple[SourceDraft, ...]
    places: tuple[PlaceDraft, ...]
    declared: Mapping[str, tuple[str, str]]
    assumptions: tuple[Assumption, ...]
    census_hour: int = DEFAULT_CENSUS_HOUR
    zone: tuple[str, str] | None = None
    comments: tuple[str, ...] = ()


@dataclass
class _Work:
    """What is known of a table while its plan is made."""

    table: FileTable
    full: FileTable
    path: tuple[str, ...]
    file: str
    root: str
    axis: Axis
    notation: FoundNotation
    roles: Roles
    body: str
    nameless: str | None
    assumptions: list[Assumption] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    zone: tuple[str, str] | None = None
    census_hour: int = DEFAULT_CENSUS_HOUR
    known_at: str | None = None

    def say(self, what: str, found: str, because: str) -> None:
        self.assumptions.append(Assumption(what, found, because))


def plan(table: FileTable, path: tuple[str, ...], root: str, options: Options) -> Plan:
    """Return the sources and places of a table; `path` is what its sources read.

    Raises HistoryError where it has no counts of days, or where it can be read in two ways.
    """
    work = _look(table, path, root, options)
    _check_days(work)
    _say_layout(work)
    _settle_zone(work, options)
    if work.roles.shape is Shape.EVENTS:
        return _of_events(work)
    if work.roles.place_columns:
        work = _with_place_columns(work)
    if not work.roles.chosen.columns:
        raise HistoryError(
            f"Looking at {work.file}: it has days, but no column of counts. Found {_named(list(table.columns))}. "
            "Write [sources] in system.toml by hand if one of them counts something."
        )
    work.roles = replace(work.roles, chosen=_with_kinds(work))
    if not work.roles.place_columns:
        _leave_out_totals(work)
    work.known_at = _known_at(work)
    return _of_counts(work)


def _look(table: FileTable, path: tuple[str, ...], root: str, options: Options) -> _Work:
    file = ", ".join(content.file for content in table.contents[:SHOWN])
    across = turned(table)
    body = "extract"
    if across is not None:
        table, body = across.table, across.sql
    full, table = table, table.thinned()
    axis = find_axis(table, options.day_format, file)
    if axis is None:
        found = _named([name for name in table.columns if not name.startswith("column")])
        raise HistoryError(f"Looking at {file}: it has no column of days; {NOT_DAILY}. Found the columns {found}.")
    is_row = axis.minutes != NOT_A_TIME
    table, axis = table.rows(is_row), axis.rows(is_row)
    numbers = [column for name, column in table.columns.items() if name not in axis.used and not is_index(column)]
    notation = find_notation(numbers, options.decimal)
    table, axis, nameless = rows_of_places(table, axis, notation.notation)
    roles = find_roles(table, axis, notation.notation)
    return _Work(table, full, path, file, root, axis, notation, roles, body, nameless)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN * 2} more" if len(names) > SHOWN * 2 else ""
    return ", ".join(names[: SHOWN * 2]) + more


def _check_days(work: _Work) -> None:
    """Raises HistoryError where the days are months, quarters or weeks."""
    days = np.unique(work.axis.days[work.axis.days >= 0])
    if not len(days):
        raise HistoryError(f"Looking at {work.file}: it has no day; {NOT_DAILY}.")
    dates = days.astype("datetime64[D]")
    of_month = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    months = len(np.unique(dates.astype("datetime64[M]")))
    ends = ((dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")).all()
    if months >= FEWEST_MONTHS and months == len(days) and ((of_month == 1).all() or ends):
        raise HistoryError(
            f"Looking at {work.file}: it has no column of days, but one of months ({dates[0]}, {dates[1]}); {NOT_DAILY}."
        )
    steps = np.diff(days)
    if len(days) >= FEWEST_WEEKS and (steps % A_WEEK == 0).all():
        raise HistoryError(
            f"Looking at {work.file}: it has one day a week ({dates[-2]}, {dates[-1]}); {NOT_DAILY}. Totals of weeks "
            'can be read, spread over their days: write system.toml by hand, with every = "week".'
        )


def _say_layout(work: _Work) -> None:
    location = work.table.location
    if location.sheet is not None:
        work.say("sheet", location.sheet, "it has a table with days")
    if location.header_rows != (1,):
        rows = " and ".join(map(str, location.header_rows))
        work.say("header", f"row {rows}", "from there on the columns are consistent")
    if work.body != "extract":
        work.say("days", "in the header, one column a day", "turned into rows by a query")
    names = " + ".join(work.axis.time or (work.axis.day or "",))
    form = f" as {work.axis.day_format}" if work.axis.day_format else ""
    work.say("time" if work.axis.has_time else "day", f"{names}{form}", work.axis.because)
    notation, reasons = work.notation.notation, work.notation.reasons
    if notation.decimal != ".":
        work.say("decimals", notation.decimal, reasons.get("decimal", reasons.get("thousands", "")))
    if notation.thousands is not None:
        work.say("thousands", repr(notation.thousands), reasons.get("thousands", reasons.get("decimal", "")))
    if notation.missing:
        work.say("no value", ", ".join(sorted(notation.missing)), "words among numbers")
    for text, value in notation.suppressed.items():
        work.say("hidden small counts", f"{text} stands for {value:g}", "the middle of what it hides; values are flagged")


def _settle_zone(work: _Work, options: Options) -> None:
    """Settle the time zone where times are instants. Raises HistoryError where only the user can."""
    if options.timezone is not None or not (work.axis.has_offset or work.axis.zone):
        return
    column = work.table.columns[next(iter(work.axis.used))]
    found = zone_of_offsets(column.filled) if work.axis.has_offset and not work.axis.zone else None
    if found is None:
        raise ask_for_zone(work.file, column.filled[0])
    work.zone = (found, "its clocks have the offsets of the times")


def _with_place_columns(work: _Work) -> _Work:
    """The table with one row a place, so that places are looked at as they are elsewhere."""
    names = work.roles.place_columns
    candidates = {c.column.name: c for c in work.roles.candidates}
    values = np.column_stack([candidates[name].values for name in names])
    totals, _ = find_totals(values)
    counted = [name for number, name in enumerate(names) if number not in totals]
    for number, because in totals.items():
        work.say("left out", names[number], f"a total: {because}")
    measure, because = _measure_of_columns(work, [names[number] for number in totals])
    kind = kind_by_numbers(_daily(work, values[:, [names.index(name) for name in counted]]))
    if measure in ("attendances", "admissions", "discharges", "occupancy", "beds"):
        declared: dict[str, tuple[str, str]] = {}
    else:
        is_demand = role_of((measure,)) == "demand"
        kind = "flow" if is_demand or kind == "flow" else "stock"
        declared = {measure: (kind, measure if is_demand else "patients" if kind == "flow" else "beds")}
    chosen = ChosenMeasures({measure: tuple(counted)}, declared, {measure: because}, work.roles.left_out)
    work.roles = replace(work.roles, place_columns=tuple(counted), chosen=chosen)
    return work


def _measure_of_columns(work: _Work, totals: Sequence[str]) -> tuple[str, str]:
    """The measure of a table with one column a place, by the name of a total, of the sheet or of the file."""
    sheet = work.table.location.sheet or ""
    stem = work.table.contents[0].file.rpartition("/")[2].partition(".")[0]
    for name, what in ((*totals, "the total's name"), (sheet, "the sheet's name"), (stem, "the file's name")) if totals else ((sheet, "the sheet's name"), (stem, "the file's name")):
        name_words = w.tokens(name)
        role = role_of(name_words)
        if role in (*FLOWS, "occupancy", "beds"):
            return str(role), f"{what} says so"
        if role == "demand":
            return next(word for word in name_words if w.DEMAND.match(word)), f"{what} says so"
    return "counts", "nothing says what is counted"


def _daily(work: _Work, values: np.ndarray) -> np.ndarray:
    """Sums by day of values (n_rows, n_columns)."""
    days = work.axis.days
    distinct, at = np.unique(days, return_inverse=True)
    sums = np.full((len(distinct), values.shape[1]), np.nan)
    for number in range(values.shape[1]):
        column = values[:, number]
        known = np.isfinite(column)
        total = np.bincount(at[known], weights=column[known], minlength=len(distinct))
        count = np.bincount(at[known], minlength=len(distinct))
        sums[:, number] = np.where(count > 0, total / (np.maximum(count, 1) if not work.axis.has_time else 1), np.nan)
    return sums


def _with_kinds(work: _Work) -> ChosenMeasures:
    """The measures, those that nothing is known of with the kind that their numbers have."""
    chosen = work.roles.chosen
    declared = dict(chosen.declared)
    for measure, (_kind, unit) in chosen.declared.items():
        candidate = next((c for c in work.roles.candidates if c.column.name == chosen.columns[measure][0]), None)
        if work.roles.place_columns or candidate is None or candidate.role is not None:
            continue
        kind = kind_by_numbers(_by_place(work, candidate.values))
        declared[measure] = ("flow", unit) if kind == "flow" else ("stock", "beds" if unit == "patients" else unit)
    return replace(chosen, declared=declared)


def _by_place(work: _Work, values: np.ndarray) -> np.ndarray:
    """Sums by day and place, (n_days, n_places)."""
    place = work.roles.place
    codes = np.zeros(work.table.n_rows, np.int64) if place is None else place.group.columns[0].codes
    n_places = 1 if place is None else len(place.group.columns[0].texts)
    return pivot(work.axis.days, codes, values, n_places)


def _leave_out_totals(work: _Work) -> None:
    """Find the places that are totals of others, of all or of those with the same parent."""
    place = work.roles.place
    if place is None:
        return
    ids = place.group.id
    measure = next(iter(work.roles.chosen.columns))
    candidates = {c.column.name: c for c in work.roles.candidates}
    values = np.sum([candidates[name].values for name in work.roles.chosen.columns[measure]], axis=0)
    keys = work.axis.minutes if work.axis.has_time else work.axis.days
    matrix = pivot(keys, ids.codes, values, len(ids.texts))
    totals, _exact = find_totals(matrix)
    totals |= _named_totals(work, matrix, totals)
    for level in place.levels:
        totals |= _totals_of_level(ids, level.columns[0], matrix, totals)
    for number, because in totals.items():
        work.ignored.append(place_id(ids.texts[number]))
        work.say("left out", ids.texts[number], f"a total: {because}")


def _named_totals(work: _Work, matrix: np.ndarray, totals: Mapping[int, str]) -> dict[int, str]:
    """Places whose name is a word for a total, and which are at least half as large as all others together."""
    place = work.roles.place
    if place is None:
        return {}
    sizes = np.nan_to_num(matrix).sum(axis=0) / np.maximum(np.isfinite(matrix).sum(axis=0), 1)
    found = {}
    for column in place.group.columns:
        name_of = dict(zip(place.group.id.codes.tolist(), column.codes.tolist(), strict=True))
        for number, code in name_of.items():
            if number in totals or w.NAMED_TOTAL.match(column.texts[code]) is None:
                continue
            others = sizes.sum() - sizes[number] - sum(sizes[total] for total in totals)
            if sizes[number] >= others / 2:
                found[number] = "its name says so"
    return found


def _totals_of_level(ids: Column, level: Column, matrix: np.ndarray, totals: Mapping[int, str]) -> dict[int, str]:
    """Places that equal the sum of the others with the same parent."""
    found = {}
    parents, numbers = np.divmod(np.unique(level.codes * len(ids.texts) + ids.codes), len(ids.texts))
    for parent in np.unique(parents).tolist():
        members = [number for number in numbers[parents == parent].tolist() if number not in totals]
        if len(members) > 2:  # noqa: PLR2004  a total has two parts
            _, exact = find_totals(matrix[:, members])
            for number in exact:
                found[members[number]] = "it equals the sum of the others with its parent"
    return found


def _of_counts(work: _Work) -> Plan:
    """The sources of counts: one for the flows and one for the stocks where rows are not days yet."""
    roles, axis = work.roles, work.axis
    kinds = {measure: roles.chosen.kind(measure) for measure in roles.chosen.columns}
    flows = [measure for measure, kind in kinds.items() if kind == "flow"]
    stocks = [measure for measure in kinds if measure not in flows]
    declared = dict(roles.chosen.declared)
    for measure, columns in roles.chosen.columns.items():
        if not roles.place_columns:
            work.say(measure, " + ".join(columns), roles.chosen.because[measure])
    _say_places(work)
    _say_rows(work)
    sources: list[SourceDraft] = []
    if roles.shape is Shape.DAILY and not axis.has_time:
        if axis.clock is not None and stocks:
            work.census_hour = axis.clock // HOUR
        sources.append(_source(work, "daily", [*flows, *stocks], None))
    elif not axis.has_time:
        sources.append(_source(work, "daily", [*flows, *stocks], None if work.known_at is not None else "sum"))
    else:
        if flows:
            sources.append(_source(work, "sums", flows, "sum"))
        if stocks:
            work.census_hour = _census_hour(work)
            sources.append(_source(work, "census", stocks, "census"))
            if roles.shape is Shape.HOURLY and "occupancy" in stocks and not roles.place_columns:
                for name, statistic in (("occupancy_mean", "mean"), ("occupancy_max", "max")):
                    declared[name] = ("stock", "beds")
                    sources.append(_source(work, name, ["occupancy"], statistic, rename=name))
                work.say("occupancy_mean, occupancy_max", "mean and maximum of the day", "further measures of snapshots")
    places = _places(work)
    comments = _comments(roles)
    return Plan(tuple(sources), tuple(places), declared, tuple(work.assumptions), work.census_hour, work.zone, comments)


def _census_hour(work: _Work) -> int:
    """The hour of the census: the default if most days have a snapshot near it, else the nearest one that is sent."""
    minutes = work.axis.minutes[work.axis.minutes >= 0]
    days, clock = np.divmod(minutes, MINUTES_A_DAY)
    n_days = len(np.unique(days))
    within = DEFAULT_CENSUS_WITHIN_HOURS * HOUR

    def covered(hour: int) -> float:
        away = np.abs(clock - hour * HOUR)
        return len(np.unique(days[away <= within])) / n_days

    if covered(DEFAULT_CENSUS_HOUR) >= COVERED_SHARE:
        work.say("census", f"the snapshot nearest to {DEFAULT_CENSUS_HOUR:02d}:00", "the default hour")
        return DEFAULT_CENSUS_HOUR
    sent = np.unique(clock // HOUR).tolist()
    shares = {hour: covered(hour) for hour in sent}
    best = max(shares.values())
    hour = min((h for h in sent if shares[h] >= COVERED_SHARE * best), key=lambda h: abs(h - DEFAULT_CENSUS_HOUR))
    work.say("census", f"the snapshot nearest to {hour:02d}:00", "few days have one near 08:00, the default")
    return int(hour)


def _say_rows(work: _Work) -> None:
    match work.roles.shape:
        case Shape.DAILY:
            work.say("rows", "one a place and day", "no two have the same")
        case Shape.PARTS if work.known_at is not None:
            work.say("known at", work.known_at, "each day is there again with later values")
        case Shape.PARTS:
            work.say("rows", "several a place and day, added up", "no column tells them apart")
        case Shape.HOURLY:
            work.say("rows", "several a place and day", "their times are regular")


def _say_places(work: _Work) -> None:
    roles = work.roles
    if roles.place_columns:
        work.say("places", f"{len(roles.place_columns)} columns", "each has the counts of one place")
        measure = next(iter(roles.chosen.columns))
        work.say(measure, "what these columns count", roles.chosen.because[measure])
        return
    if roles.place is None:
        work.say("place", work.root, "no column has places: all rows are of one")
        return
    group = roles.place.group
    name = f", named by {group.name.name}" if group.name is not None else ""
    work.say("place", f"{group.id.name}{name}", f"{group.n_values} values, each there on many days")
    for level in roles.place.levels:
        work.say("parents", level.id.name, f"{level.n_values} values, of which each place has one")
    if work.nameless is not None:
        work.say("left out", f"rows without {work.nameless}", "totals and notes: they are of no place")
    for group in roles.streams:
        work.say("stream", group.id.name, f"each place and day has a row for each of {group.n_values} values")


def _source(
    work: _Work, name: str, measures: Sequence[str], aggregate: str | None, rename: str | None = None
) -> SourceDraft:
    """The source of some measures."""
    roles, axis, location = work.roles, work.axis, work.table.location
    made, where = dict(axis.select), []
    keys: dict[str, Value] = {"path": work.path[0] if len(work.path) == 1 else work.path}
    if location.sheet is not None:
        keys["sheet"] = location.sheet
    if location.header_rows != (1,):
        keys["header_row"] = location.header_rows[0] if len(location.header_rows) == 1 else location.header_rows
    place = _place_keys(work, made, where)
    stream = _stream(roles, made)
    if axis.ends_hours is not None and aggregate == "sum":
        made[axis.ends_hours] = f"CAST({identifier(axis.ends_hours)} AS INTEGER) - 1"
    columns = {measure: roles.chosen.columns[measure] for measure in measures}
    counted = list(dict.fromkeys(column for of in columns.values() for column in of))
    if roles.place_columns:
        counted = [place_id(column) for column in counted]
        made |= {place_id(c): identifier(c) for c in roles.place_columns if place_id(c) != c}
    used = [*([] if roles.place_columns else [place]), *(axis.time or (axis.day or DAY_NAME,)), *counted]
    used += [column for column in (stream, work.known_at) if column is not None]
    if made or where or work.body != "extract":
        keys["query"] = query(list(dict.fromkeys(used)), made, where, work.body) + "\n"
    if roles.place_columns:
        keys["place_columns"] = counted
    else:
        keys["place"] = place
    if axis.time:
        keys["time"] = axis.time[0] if len(axis.time) == 1 else axis.time
    else:
        keys["day"] = axis.day or DAY_NAME
    if axis.day_format is not None and not axis.select:
        keys["day_format"] = axis.day_format
    if axis.zone is not None:
        keys["timezone"] = axis.zone
    if aggregate is not None:
        keys["aggregate"] = aggregate
    keys["measures"] = {rename or m: "*" if roles.place_columns else _one_or_all(columns[m]) for m in measures}
    if stream is not None:
        keys["stream"] = stream
    if work.known_at is not None:
        keys["known_at"] = work.known_at
    keys |= _notation_keys(work)
    if work.ignored:
        keys["ignore_places"] = work.ignored
    return SourceDraft(name, keys)


def _one_or_all(columns: Sequence[str]) -> Value:
    return columns[0] if len(columns) == 1 else list(columns)


def _place_keys(work: _Work, made: dict[str, str], where: list[str]) -> str:
    """The column of places; what a query must do for it is put into `made` and `where`."""
    roles = work.roles
    if roles.place is None:
        if not roles.place_columns:
            made["place"] = literal(work.root)
        return "place"
    column = roles.place.group.id
    if any("/" in text for text in column.filled):
        made[column.name] = without_separator(column.name)
    if work.nameless is not None:
        where.append(f"{identifier(column.name)} IS NOT NULL")
    return column.name


def _stream(roles: Roles, made: dict[str, str]) -> str | None:
    if not roles.streams:
        return None
    if len(roles.streams) == 1:
        column = roles.streams[0].name or roles.streams[0].id
        if any("/" in text for text in column.filled):
            made[column.name] = without_separator(column.name)
        return column.name
    parts = [without_separator((group.name or group.id).name) for group in roles.streams]
    made["stream"] = f"concat_ws(' ', {', '.join(parts)})"
    return "stream"


def _known_at(work: _Work) -> str | None:
    """A column of instants at which rows became known, where days are sent again and again."""
    for day in work.axis.others:
        if not day.is_publication or day.format.text is not None or work.axis.has_time:
            continue
        both = day.is_read & (work.axis.days >= 0)
        lags = (day.days - work.axis.days)[both]
        if len(lags) and (lags >= 0).all():
            keys = [work.axis.days, day.days]
            if work.roles.place is not None:
                keys.append(work.roles.place.group.columns[0].codes)
            if uniqueness(keys) >= UNIQUE_SHARE and work.roles.shape is Shape.PARTS:
                return day.column.name
    return None


def _notation_keys(work: _Work) -> Iterator[tuple[str, Value]]:
    notation = work.notation.notation
    found: dict[str, Value] = {}
    if notation.missing:
        found["missing"] = sorted(notation.missing)
    if notation.suppressed:
        found["suppressed"] = dict(notation.suppressed)
    if notation.decimal != ".":
        found["decimal"] = notation.decimal
    if notation.thousands is not None:
        found["thousands"] = notation.thousands
    n_rows = work.table.n_rows + work.table.n_malformed
    if work.table.n_malformed > MALFORMED_SHARE * n_rows:
        found["max_rejected_share"] = 1.0 if n_rows < 1 else min(1.0, round(work.table.n_malformed / n_rows + 0.05, 2))
    return iter(found.items())


def _places(work: _Work) -> list[PlaceDraft]:
    roles = work.roles
    if roles.place_columns:
        return [PlaceDraft(place_id(c), name="" if place_id(c) == c else c) for c in roles.place_columns]
    if roles.place is None:
        return []
    table = read_columns(work.full, roles.place.names) if work.body == "extract" else work.full
    return list_places(table, roles.place, work.ignored, work.root)


def _comments(roles: Roles) -> tuple[str, ...]:
    left_out = {**roles.left_out, **roles.chosen.left_out}
    return tuple(f"  {name}: {because}" for name, because in left_out.items())


def _of_events(work: _Work) -> Plan:
    """The sources that count events: one for each column of times that says of what."""
    axis, roles = work.axis, work.roles
    _say_places(work)
    work.say("rows", "one an event, counted", "times are irregular, and no column has counts")
    main = axis.time[0] if axis.time else axis.day or DAY_NAME
    measure = _event_measure(work, main) or "attendances"
    sources = [_event_source(work, main, axis, measure)]
    work.say(measure, f"rows by {main}", "what the time is of")
    for other in axis.others:
        role = role_of(other.column.words)
        if role not in FLOWS or role == measure or other.format.doubt or other.sql is not None:
            continue
        shifted = replace(
            axis,
            day=None if other.has_time else other.column.name,
            time=(other.column.name,) if other.has_time else (),
            day_format=other.format.text,
            has_time=other.has_time,
            select={},
        )
        sources.append(_event_source(work, other.column.name, shifted, role, filled_only=True))
        work.say(role, f"rows by {other.column.name}", "counted by a time of their own")
    places = _places(work)
    comments = _comments(roles)
    return Plan(tuple(sources), tuple(places), {}, tuple(work.assumptions), work.census_hour, work.zone, comments)


def _event_measure(work: _Work, column: str) -> str | None:
    stem = work.table.contents[0].file.rpartition("/")[2].partition(".")[0]
    for name in (column, stem):
        role = role_of(w.tokens(name))
        if role in FLOWS:
            return role
    return None


def _event_source(work: _Work, column: str, axis: Axis, measure: str, filled_only: bool = False) -> SourceDraft:
    made, where = dict(axis.select), []
    place = _place_keys(work, made, where)
    if filled_only or not work.table.columns.get(column, work.table.columns[next(iter(work.table.columns))]).n_filled:
        where.append(f"{identifier(column)} IS NOT NULL")
    names = axis.time or (axis.day or DAY_NAME,)
    keys: dict[str, Value] = {"path": work.path[0] if len(work.path) == 1 else work.path}
    if work.table.location.sheet is not None:
        keys["sheet"] = work.table.location.sheet
    if work.table.location.header_rows != (1,):
        keys["header_row"] = work.table.location.header_rows[0]
    if made or where:
        keys["query"] = query([place, *names], made, where, work.body) + "\n"
    keys["place"] = place
    if axis.time:
        keys["time"] = axis.time[0] if len(axis.time) == 1 else axis.time
    else:
        keys["day"] = names[0]
    if axis.day_format is not None and not axis.select:
        keys["day_format"] = axis.day_format
    if axis.zone is not None:
        keys["timezone"] = axis.zone
    keys["aggregate"] = "count"
    keys["measures"] = {measure: "*"}
    if work.ignored:
        keys["ignore_places"] = work.ignored
    return SourceDraft(measure, keys)
