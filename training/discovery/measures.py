"""The measures of a table: by the names of its columns, and by what their numbers do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.discovery import words as w
from training.discovery.drafts import identifier
from training.discovery.notation import is_percentage
from training.discovery.tables import Column
from training.frames import FloatArray
from training.system.model import BUILT_IN, Notation

FRACTION_SHARE = 0.05
"""A column with so many fractions has no counts, unless its name says that it has beds."""
MOST_DECLARED = 6
SUM_SHARE = 0.95
CAPACITY_CHANGES = 0.25
STOCK_CORRELATION = 0.8
LONGEST_NAME = 48
LEAST_BEDS = 0.5
"""Of what is occupied: emergency departments have more patients than places, but not twice as many for long."""
BED_ROLES = ("occupancy", "beds", "free", "available", "stock")
BUILT_IN_FLOWS = ("attendances", "admissions", "discharges")
BUILT_IN_KINDS = {measure.name: measure.kind.value for measure in BUILT_IN}


@dataclass(frozen=True)
class CountCandidate:
    """A column of counts: the `role` that its name gives it, and the words that narrow it."""

    column: Column
    values: FloatArray
    role: str | None
    scope: frozenset[str]
    is_total: bool = False
    has_disease: bool = False

    @property
    def size(self) -> float:
        return float(np.nanmean(self.values)) if np.isfinite(self.values).any() else 0.0


@dataclass(frozen=True)
class Derived:
    """A column that a query makes of others."""

    sql: str
    values: FloatArray


@dataclass(frozen=True)
class ChosenMeasures:
    """Each measure with its columns; what kind and unit the declared ones have; why others are left out.

    `derived` are columns of measures that the table does not have, by name.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    derived: dict[str, Derived] = field(default_factory=dict)
    declared: dict[str, tuple[str, str]] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def kind(self, measure: str) -> str:
        """Return the kind of a measure: flow, stock, capacity or rate."""
        return self.declared[measure][0] if measure in self.declared else BUILT_IN_KINDS[measure]


def role_of(name_words: Sequence[str]) -> str | None:
    """Return what a column counts by its name: a built-in measure, free or available beds, a stock, or a demand."""
    has_bed = w.has(name_words, w.BED_WORDS)
    if w.has(name_words, w.FREE_WORDS):
        return "free"
    if w.has(name_words, w.OCCUPIED_WORDS):
        return "occupancy"
    for role, pattern in (
        ("discharges", w.DISCHARGE_WORDS),
        ("admissions", w.ADMISSION_WORDS),
        ("attendances", w.ATTENDANCE_WORDS),
    ):
        if w.has(name_words, pattern):
            return role
    if w.has(name_words, w.AVAILABLE_WORDS) and (has_bed or not w.has(name_words, w.OPEN_WORDS)):
        return "available"
    if w.has(name_words, w.OPEN_WORDS) or has_bed:
        return "beds"
    return "demand" if w.has(name_words, w.DEMAND_WORDS) else None


def as_candidate(column: Column, notation: Notation) -> CountCandidate | str:
    """The column as one of counts; or, if it has none, why."""
    name_words = column.words
    if is_percentage(column) or "%" in column.name:
        return "percentages are no counts"
    role = role_of(name_words)
    if w.has(name_words, w.RATE_WORDS):
        return "a rate is no count"
    values = column.values(notation)
    known = values[np.isfinite(values)]
    if not len(known):
        return "it has no number"
    if w.has(name_words, w.MEAN_WORDS):
        return "its name says that it is a mean, a duration or a sum since a beginning"
    is_fraction = known % 1 != 0
    stand_ins = [value for value in notation.suppressed.values() if value is not None]
    is_fraction &= ~np.isin(known, stand_ins)
    if is_fraction.mean() > FRACTION_SHARE and not (role in BED_ROLES and np.median(known) > 2):
        return "it has fractions"
    if (known < 0).mean() > FRACTION_SHARE:
        return "it has numbers below zero"
    if len(np.unique(known)) == 1 and role is None:
        return "it never changes"
    scope = frozenset(
        word
        for word in name_words
        if any(
            p.match(word)
            for p in (
                w.DISEASE_WORDS,
                w.CRITICAL_WORDS,
                w.CHILD_WORDS,
                w.PART_WORDS,
                w.NEGATION_WORDS,
                w.MALE_WORDS,
                w.FEMALE_WORDS,
                w.ADULT_WORDS,
            )
        )
    )
    return CountCandidate(
        column, values, role, scope, w.has(name_words, w.TOTAL_WORDS), w.has(name_words, w.DISEASE_WORDS)
    )


def choose(candidates: Sequence[CountCandidate], rejected: dict[str, str]) -> ChosenMeasures:
    """Choose the columns of each measure; columns that nothing is known of become measures only if none is known."""
    chosen = ChosenMeasures(left_out=dict(rejected))
    by_role: dict[str | None, list[CountCandidate]] = {}
    for candidate in candidates:
        by_role.setdefault(candidate.role, []).append(candidate)
    for role in BUILT_IN_FLOWS:
        _take(chosen, role, _pick(by_role.get(role, [])))
    _take_beds(chosen, by_role)
    taken = {name for columns in chosen.columns.values() for name in columns}
    others = [candidate for candidate in candidates if candidate.column.name not in taken]
    for candidate in others:
        chosen.left_out[candidate.column.name] = _reason(candidate, chosen)
    _declare(chosen, others)
    return chosen


def _take(chosen: ChosenMeasures, measure: str, picked: tuple[tuple[CountCandidate, ...], str]) -> None:
    columns, because = picked
    if columns:
        chosen.columns[measure] = tuple(candidate.column.name for candidate in columns)
        chosen.because[measure] = because


def _pick(
    candidates: Sequence[CountCandidate], scope: frozenset[str] | None = None
) -> tuple[tuple[CountCandidate, ...], str]:
    """The column of a measure, or the columns that add up to it, and why."""
    if not candidates:
        return (), ""
    if scope and (same := [c for c in candidates if c.scope == scope]):
        return (max(same, key=lambda c: (c.is_total, c.size)),), "its name has the words of the other column"
    if total := _sum_of_others(candidates):
        return (total,), "it is the sum of the others of its kind"
    general = [c for c in candidates if not c.scope]
    if general:
        return (max(general, key=lambda c: (c.is_total, c.size)),), "its name says so"
    if parts := _complementary(candidates):
        return parts, "they are with and without the same word: together all"
    if parts := _ages(candidates) or _numbered(candidates):
        return parts, "they are parts of all"
    undiseased = [c for c in candidates if not c.has_disease]
    if not undiseased:
        return (), ""
    return (max(undiseased, key=lambda c: c.size),), "of its kind it has the largest numbers"


def _sum_of_others(candidates: Sequence[CountCandidate]) -> CountCandidate | None:
    if len(candidates) < 3:
        return None
    for candidate in candidates:
        others = np.sum([np.nan_to_num(c.values) for c in candidates if c is not candidate], axis=0)
        known = np.isfinite(candidate.values) & (candidate.values > 0)
        if known.any() and np.mean(np.abs(others[known] - candidate.values[known]) < 0.5) >= SUM_SHARE:
            return candidate
    return None


def _complementary(candidates: Sequence[CountCandidate]) -> tuple[CountCandidate, ...]:
    for one in candidates:
        for other in candidates:
            negations = {word for word in other.scope if w.NEGATION_WORDS.match(word)}
            if negations and not negations & one.scope and one.scope == other.scope - negations:
                return one, other
    return ()


def _ages(candidates: Sequence[CountCandidate]) -> tuple[CountCandidate, ...]:
    for pair in ((w.ADULT_WORDS, w.CHILD_WORDS), (w.MALE_WORDS, w.FEMALE_WORDS)):
        parts = [
            [c for c in candidates if c.scope and all(pattern.match(word) for word in c.scope)] for pattern in pair
        ]
        if all(len(part) == 1 for part in parts):
            return parts[0][0], parts[1][0]
    return ()


def _numbered(candidates: Sequence[CountCandidate]) -> tuple[CountCandidate, ...]:
    """Columns whose names differ in a number alone, from 1 on: `type 1`, `type 2` and so on."""
    by_words: dict[tuple[str, ...], dict[int, CountCandidate]] = {}
    for candidate in candidates:
        numbers = [int(word) for word in candidate.column.words if word.isdecimal()]
        others = tuple(word for word in candidate.column.words if not word.isdecimal())
        if len(numbers) == 1:
            by_words.setdefault(others, {})[numbers[0]] = candidate
    parts = max(by_words.values(), key=len, default={})
    is_series = len(parts) > 1 and sorted(parts) == list(range(1, len(parts) + 1))
    return tuple(parts[number] for number in sorted(parts)) if is_series else ()


def _take_beds(chosen: ChosenMeasures, by_role: dict[str | None, list[CountCandidate]]) -> None:
    """Choose occupancy and beds of the same scope; beds may be the sum of occupied and free ones."""
    occupied, because = _pick(by_role.get("occupancy", []))
    _take(chosen, "occupancy", (occupied, because))
    scope = occupied[0].scope if len(occupied) == 1 else None
    available = by_role.get("available", [])
    beds, free = list(by_role.get("beds", [])), list(by_role.get("free", []))
    for candidate in available:
        (free if _are_free(candidate, occupied) else beds).append(candidate)
    beds = [c for c in beds if not c.has_disease]
    if beds and occupied:
        total = np.sum([c.values for c in occupied], axis=0)
        beds = [c for c in beds if _holds(c, total)]
    picked, because = _pick(beds, scope)
    is_other = scope is not None and bool(picked) and picked[0].scope != scope
    if (not picked or is_other) and free and occupied:
        (spare, *_), _ = _pick(free, scope)
        chosen.columns["beds"] = (*chosen.columns["occupancy"], spare.column.name)
        chosen.because["beds"] = "occupied and free beds together"
        return
    _take(chosen, "beds", (picked, because))
    if picked and free and not occupied:
        _derive_occupancy(chosen, picked, _pick(free, picked[0].scope)[0])


def _derive_occupancy(chosen: ChosenMeasures, beds: Sequence[CountCandidate], free: Sequence[CountCandidate]) -> None:
    """Occupancy is what beds and free beds leave between them."""
    signed = [*(("+", column) for column in beds), *(("-", column) for column in free)]
    sql = " ".join(f"{sign} TRY_CAST({identifier(c.column.name)} AS DOUBLE)" for sign, c in signed)
    values = np.sum([c.values if sign == "+" else -c.values for sign, c in signed], axis=0)
    name = "occupied_beds"
    chosen.derived[name] = Derived(sql.removeprefix("+ "), values)
    chosen.columns["occupancy"] = (name,)
    chosen.because["occupancy"] = " ".join(f"{sign} {c.column.name}" for sign, c in signed).removeprefix("+ ")


def _holds(beds: CountCandidate, occupied: FloatArray) -> bool:
    """Return whether beds are, in general, not far fewer than are occupied."""
    known = np.isfinite(beds.values) & np.isfinite(occupied)
    return not known.any() or bool(beds.values[known].mean() >= LEAST_BEDS * occupied[known].mean())


def _are_free(available: CountCandidate, occupied: Sequence[CountCandidate]) -> bool:
    """Whether available beds are the free ones: together with the occupied ones they change less than alone."""
    if not occupied:
        return False
    total = np.sum([c.values for c in occupied], axis=0)
    known = np.isfinite(available.values) & np.isfinite(total)
    if not known.any():
        return False
    if np.mean(available.values[known] < total[known]) > 0.5:
        return True
    alone, together = available.values[known], available.values[known] + total[known]
    return bool(np.std(np.diff(together)) < np.std(np.diff(alone)))


def _reason(candidate: CountCandidate, chosen: ChosenMeasures) -> str:
    if candidate.role in chosen.columns:
        return f"{' + '.join(chosen.columns[candidate.role])} stands for {candidate.role}"
    if candidate.has_disease:
        return "it counts one disease"
    return "nothing is known of what it counts"


def _declare(chosen: ChosenMeasures, others: Sequence[CountCandidate]) -> None:
    """Declare measures of their own: counts of demand, and, if there are no others, whatever is counted."""
    demand = [c for c in others if c.role == "demand"]
    picked = [c for c in (demand if demand else others) if not chosen.columns or c.role == "demand"]
    for candidate in picked[:MOST_DECLARED]:
        name = measure_name(candidate.column.words)
        if name in chosen.columns or name in BUILT_IN_KINDS:
            continue
        chosen.columns[name] = (candidate.column.name,)
        chosen.declared[name] = kind_by_name(candidate) or ("flow", "patients")
        chosen.because[name] = "no built-in measure has this name"
        del chosen.left_out[candidate.column.name]


def kind_by_name(candidate: CountCandidate) -> tuple[str, str] | None:
    """The kind and unit of a measure that is not built in, as far as its name tells."""
    if candidate.role in BED_ROLES:
        return "stock", "beds"
    if candidate.role == "demand":
        unit = next(word for word in candidate.column.words if w.DEMAND_WORDS.match(word))
        return "flow", unit
    return None


def measure_name(name_words: Sequence[str]) -> str:
    """A short id of the words of a name."""
    return "_".join(name_words)[:LONGEST_NAME].strip("_") or "count"


def kind_by_numbers(values: FloatArray) -> str:
    """Whether daily values (n_days, n_places) are a flow, a stock or a capacity: by how they follow each other."""
    kinds = []
    for series in values.T:
        known = series[np.isfinite(series)]
        if len(known) < 2 * 7 or np.std(known) == 0:
            continue
        if np.mean(np.diff(known) != 0) < CAPACITY_CHANGES and np.mean(known) > 0:
            kinds.append("capacity")
            continue
        centred = known - known.mean()
        correlation = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
        kinds.append("stock" if correlation > STOCK_CORRELATION else "flow")
    return max(set(kinds), key=kinds.count) if kinds else "flow"
