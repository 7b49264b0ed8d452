"""Totals among columns and among places, and tables with one column a place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from training.discovery import words as w
from training.discovery.looking import Look
from training.discovery.measures import BUILT_IN_FLOWS, BUILT_IN_KINDS, ChosenMeasures, kind_by_numbers, role_of
from training.discovery.places import place_id
from training.discovery.rates import RATE
from training.discovery.tables import Column
from training.frames import FloatArray

EQUAL_SHARE = 0.9
"""A total equals the sum of others on so many days."""
TOTAL_TOLERANCE = 0.002
FEWEST_TIMES_OF_TOTAL = 10
FEWEST_VALUES_OF_TOTAL = 4
FEWEST_PARTS = 2
MOST_LARGE = 9
MOST_TIMES = 400
NEARLY_ALL_RANGE = (0.75, 1.01)
FEWEST_OF_NEARLY_ALL = 8


def find_totals(values: FloatArray) -> tuple[dict[int, str], list[int]]:
    """Return the columns of (n_times, n_columns) that are totals, each with why, and those of them that add up exactly.

    Absent values count as nothing. The other totals of nearly all, such as those of one type, are found by their size.
    """
    values = np.nan_to_num(values[np.isfinite(values).any(axis=1)][-MOST_TIMES:])
    found: dict[int, str] = {}
    if (values.sum(axis=0) > 0).sum() <= FEWEST_PARTS:
        return found, []
    for number in np.argsort(-values.mean(axis=0), kind="stable")[:MOST_LARGE].tolist():
        if number in found or values[:, number].mean() <= 0:
            continue
        others = _left_out(values, number, set(found))
        if others is None:
            continue
        found[number] = "it equals the sum of the others"
        for other in others:
            found[other] = "the total adds up without it"
    exact = [number for number, because in found.items() if because.startswith("it equals")]
    found |= _nearly_all(values, found)
    return found, exact


def _left_out(values: FloatArray, number: int, totals: set[int]) -> tuple[int, ...] | None:
    """The fewest of the large columns without which the others add up to this one; None where none do."""
    total = values[:, number]
    others = [i for i in range(values.shape[1]) if i != number and i not in totals]
    if len(others) < FEWEST_PARTS:
        return None
    rest = values[:, others].sum(axis=1)
    if _equal(total, rest):
        return ()
    if len(values) < FEWEST_TIMES_OF_TOTAL:
        return None
    size = values.mean(axis=0)
    large = sorted((i for i in others if size[i] < size[number]), key=lambda i: -size[i])[:MOST_LARGE]
    for n_left_out in range(1, len(large) + 1):
        for chosen in combinations(large, n_left_out):
            if len(others) - n_left_out < FEWEST_PARTS:
                continue
            if _equal(total, rest - values[:, list(chosen)].sum(axis=1)):
                return chosen
    return None


def _equal(total: FloatArray, rest: FloatArray) -> bool:
    there = total > 0
    if there.sum() < max(1, min(3, len(total))):
        return False
    if len(total) >= FEWEST_TIMES_OF_TOTAL and len(np.unique(total[there])) < FEWEST_VALUES_OF_TOTAL:
        return False  # numbers that never change may add up by chance
    near = np.abs(total - rest) <= TOTAL_TOLERANCE * total + 1e-6
    return bool(near[there].mean() >= EQUAL_SHARE)


def _nearly_all(values: FloatArray, found: dict[int, str]) -> dict[int, str]:
    """Columns that are about as large as all others together, where there is a total and many others."""
    others = [i for i in range(values.shape[1]) if i not in found]
    if not found or len(others) < FEWEST_OF_NEARLY_ALL:
        return {}
    sums = values[:, others].sum(axis=1)
    nearly = {}
    for i in others:
        rest = sums - values[:, i]
        there = rest > 0
        ratio = values[there, i] / rest[there] if there.any() else np.array([0.0])
        if np.mean((ratio > NEARLY_ALL_RANGE[0]) & (ratio < NEARLY_ALL_RANGE[1])) >= EQUAL_SHARE:
            nearly[i] = "it is nearly as large as all others together"
    return nearly


def pivot(times: np.ndarray, columns: np.ndarray, values: FloatArray, n_columns: int) -> FloatArray:
    """Sums of values by time and column, (n_times, n_columns); NaN where there is none."""
    is_known = np.isfinite(values)
    times, columns, values = times[is_known], columns[is_known], values[is_known]
    distinct, at = np.unique(times, return_inverse=True)
    at_cell = at * n_columns + columns
    sums = np.bincount(at_cell, weights=values, minlength=len(distinct) * n_columns)
    counts = np.bincount(at_cell, minlength=len(distinct) * n_columns)
    return np.where(counts > 0, sums, np.nan).reshape(len(distinct), n_columns)


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
