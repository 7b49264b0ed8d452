"""Totals among places, and tables with one column a place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.discovery import words as w
from training.discovery.looking import Look
from training.discovery.measures import BUILT_IN_FLOWS, BUILT_IN_KINDS, ChosenMeasures, kind_by_numbers, role_of
from training.discovery.places import place_id
from training.discovery.rates import RATE
from training.discovery.tables import Column
from training.discovery.totals import find_totals, pivot
from training.frames import FloatArray

FEWEST_WITH_PARENT = 3
NAMED_SHARE = 0.8


def leave_out_totals(look: Look) -> None:
    """Find the places that are totals of all others, or of those with the same parent: they are ignored."""
    place, chosen = look.roles.place, look.roles.chosen
    measure = _best_to_add_up(chosen)
    if place is None or measure is None:
        return
    ids = place.group.id
    values = _values(look, chosen.columns[measure])
    matrix = pivot(look.axis.minutes if look.axis.has_time else look.axis.days, ids.codes, values, len(ids.texts))
    totals, _ = find_totals(matrix)
    totals |= _named_totals(look, matrix, totals)
    for level in place.levels:
        totals |= _totals_of_level(ids, level.columns[0], matrix, totals)
    for number, because in totals.items():
        look.ignored.append(place_id(ids.texts[number]))
        look.say("left out", ids.texts[number], f"a total: {because}")


def leave_out_stream_totals(look: Look) -> None:
    """Find the streams that are totals of the others. Their rows are left out: a measure is the sum of its streams."""
    chosen = look.roles.chosen
    measure = _best_to_add_up(chosen)
    if measure is None:
        return
    values = _values(look, chosen.columns[measure])
    times = look.axis.minutes if look.axis.has_time else look.axis.days
    for group in look.roles.streams:
        column = group.name or group.id
        totals, _ = find_totals(pivot(times, column.codes, values, len(column.texts)))
        for number, text in enumerate(column.texts):
            if w.NAMED_TOTAL.match(text) and column.counts[number]:
                totals.setdefault(number, "its name says so")
        if totals and len(totals) < len(column.filled):
            look.stream_totals[column.name] = [column.texts[number] for number in totals]
            for number, because in totals.items():
                look.say("left out", f"{column.name} {column.texts[number]}", f"a total: {because}")


def _best_to_add_up(chosen: ChosenMeasures) -> str | None:
    """Return the measure that shows which places are totals; None where all are rates."""
    additive = [measure for measure in chosen.columns if chosen.kind(measure) != RATE]
    return min(additive, key=lambda measure: chosen.kind(measure) == "capacity", default=None)


def _values(look: Look, columns: Sequence[str]) -> FloatArray:
    """The values of a measure, of each row."""
    values = {candidate.column.name: candidate.values for candidate in look.roles.candidates}
    values |= {name: derived.values for name, derived in look.roles.chosen.derived.items()}
    total: FloatArray = np.sum([values[name] for name in columns], axis=0)
    return total


def _named_totals(look: Look, matrix: FloatArray, totals: Mapping[int, str]) -> dict[int, str]:
    """Places whose name is a word for a total, and which are about as large as all others together, or larger."""
    assert look.roles.place is not None  # noqa: S101  # asked of tables with places alone
    group = look.roles.place.group
    sizes = np.nan_to_num(matrix).sum(axis=0) / np.maximum(np.isfinite(matrix).sum(axis=0), 1)
    found = {}
    for column in group.columns:
        text_of = dict(zip(group.id.codes.tolist(), column.codes.tolist(), strict=True))
        for number, code in text_of.items():
            if number in totals or w.NAMED_TOTAL.match(column.texts[code]) is None:
                continue
            others = sizes.sum() - sizes[number] - sum(sizes[total] for total in totals)
            if sizes[number] >= NAMED_SHARE * others:
                found[number] = "its name says so"
    return found


def _totals_of_level(ids: Column, level: Column, matrix: FloatArray, totals: Mapping[int, str]) -> dict[int, str]:
    """Places that equal the sum of the others with the same parent."""
    found = {}
    parents, numbers = np.divmod(np.unique(level.codes * len(ids.texts) + ids.codes), len(ids.texts))
    for parent in np.unique(parents).tolist():
        members = [number for number in numbers[parents == parent].tolist() if number not in totals]
        if len(members) >= FEWEST_WITH_PARENT:
            _, exact = find_totals(matrix[:, members])
            for number in exact:
                found[members[number]] = "it equals the sum of the others with its parent"
    return found


def take_place_columns(look: Look) -> None:
    """Leave out the columns of totals, and find what the others count."""
    names = look.roles.place_columns
    values = np.column_stack([_values(look, (name,)) for name in names])
    totals, _ = find_totals(values)
    counted = [number for number in range(len(names)) if number not in totals]
    for number, because in totals.items():
        look.say("left out", names[number], f"a total: {because}")
    measure, because = _measure(look, [names[number] for number in totals])
    declared = {}
    if measure not in BUILT_IN_KINDS:
        declared[measure] = _kind(measure, by_day(look, values[:, counted]))
    columns = tuple(names[number] for number in counted)
    chosen = ChosenMeasures({measure: columns}, {}, declared, {measure: because}, look.roles.chosen.left_out)
    look.roles = replace(look.roles, place_columns=columns, chosen=chosen)


def _measure(look: Look, totals: Sequence[str]) -> tuple[str, str]:
    """What the columns count, by the name of a total, of the sheet, or of the file."""
    for name, what in _hints(look, totals):
        name_words = w.tokens(name)
        role = role_of(name_words)
        if role in (*BUILT_IN_FLOWS, "occupancy", "beds"):
            return role, f"{what} says so"
        if role == "demand":
            return next(word for word in name_words if w.DEMAND_WORDS.match(word)), f"{what} says so"
    return "counts", "nothing says what is counted"


def _hints(look: Look, totals: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "the total's name") for name in totals)
    yield look.table.location.sheet or "", "the sheet's name"
    yield look.stem, "the file's name"


def _kind(measure: str, daily: FloatArray) -> tuple[str, str]:
    """The kind and unit of a measure that is not built in."""
    if role_of((measure,)) == "demand":
        return "flow", measure
    return ("flow", "patients") if kind_by_numbers(daily) == "flow" else ("stock", "beds")


def by_day(look: Look, values: FloatArray) -> FloatArray:
    """Values (n_rows, n_columns) by day: sums where a day has several rows."""
    columns = [pivot(look.axis.days, np.zeros(len(values), np.int64), of, 1)[:, 0] for of in values.T if len(of)]
    longest = max(map(len, columns), default=0)
    return np.column_stack([np.r_[of, np.full(longest - len(of), np.nan)] for of in columns])


def by_day_and_place(look: Look, columns: Sequence[str]) -> FloatArray:
    """Values of a measure by day and place, (n_days, n_places)."""
    place = look.roles.place
    if place is None:
        return pivot(look.axis.days, np.zeros(look.table.n_rows, np.int64), _values(look, columns), 1)
    ids = place.group.columns[0]
    return pivot(look.axis.days, ids.codes, _values(look, columns), len(ids.texts))
