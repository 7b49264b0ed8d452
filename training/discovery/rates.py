"""Rates in percent among the columns of a table: those that no two other columns give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.discovery import words as w
from training.discovery.measures import BUILT_IN_KINDS, ChosenMeasures, CountCandidate, measure_name
from training.discovery.notation import is_percentage
from training.discovery.tables import Column
from training.frames import FloatArray
from training.system.model import PERCENT_UNIT, Notation

RATE = "rate"
MOST_PERCENT = 200.0  # more than all beds may be occupied, but not twice as many for long
MOST_OF_A_SHARE = 1.5  # a column of smaller numbers has shares of one
DERIVED_SHARE = 0.95
ROUNDED_TO_ONE, ROUNDED_TO_TENTHS = 0.51, 0.06
ROWS_COMPARED = 500


@dataclass(frozen=True)
class RateColumn:
    """A column of percentages, and its values."""

    column: Column
    values: FloatArray


def take_rates(chosen: ChosenMeasures, counted: Sequence[Column], notation: Notation) -> tuple[CountCandidate, ...]:
    """Add the rates among some columns of numbers to the chosen measures, and return them."""
    numbers = {column.name: column.values(notation) for column in counted}
    found = []
    for rate in _rates(counted, chosen, notation):
        name = rate.column.name
        if (of := _derived_from(rate, numbers)) is not None:
            chosen.left_out[name] = f"it is {of[0]} as a percentage of {of[1]}"
            continue
        measure = measure_name(rate.column.words)
        measure = f"{measure}_{RATE}" if measure in BUILT_IN_KINDS or measure in chosen.columns else measure
        if measure in chosen.columns:
            continue
        chosen.columns[measure] = (name,)
        chosen.declared[measure] = (RATE, PERCENT_UNIT)
        chosen.because[measure] = "percentages are forecast by themselves, and never added up"
        chosen.left_out.pop(name, None)
        found.append(CountCandidate(rate.column, rate.values, RATE, frozenset()))
    return tuple(found)


def _rates(counted: Sequence[Column], chosen: ChosenMeasures, notation: Notation) -> Iterator[RateColumn]:
    """Yield the columns of percentages; where they are shares of one, say so."""
    in_percent = replace(notation, percent=True)
    for column in counted:
        has_sign = is_percentage(column) or "%" in column.name or w.has(column.words, w.PERCENT_WORDS)
        if not has_sign and (not w.has(column.words, w.RATE_WORDS) or w.has(column.words, w.RATIO_WORDS)):
            continue
        values = column.values(in_percent)
        known = values[np.isfinite(values)]
        if len(np.unique(known)) < 2 or known.min() < 0:
            continue
        if known.max() <= MOST_OF_A_SHARE:
            chosen.left_out[column.name] = "it has shares of one; a query can make percentages of them"
        elif known.max() <= (MOST_PERCENT if has_sign else 100.0) and (has_sign or (known % 1 != 0).any()):
            yield RateColumn(column, values)


def _derived_from(rate: RateColumn, numbers: dict[str, FloatArray]) -> tuple[str, str] | None:
    """Return the two columns whose quotient a rate is, or one and the sum of both."""
    rows = np.flatnonzero(np.isfinite(rate.values))
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), ROWS_COMPARED)).astype(int)]
    share = rate.values[rows]
    tolerance = ROUNDED_TO_TENTHS if (share % 1 != 0).mean() > 1 - DERIVED_SHARE else ROUNDED_TO_ONE
    others = {name: values[rows] for name, values in numbers.items() if name != rate.column.name}
    for part, of_part in others.items():
        for base, of_base in others.items():
            if part != base and (
                _is_quotient(share, of_part, of_base, tolerance)
                or _is_quotient(share, of_part, of_part + of_base, tolerance)
            ):
                return part, base if _is_quotient(share, of_part, of_base, tolerance) else f"{part} + {base}"
    return None


def _is_quotient(share: FloatArray, part: FloatArray, base: FloatArray, tolerance: float) -> bool:
    known = np.isfinite(part) & np.isfinite(base) & (base > 0)
    if known.mean() < 1 - DERIVED_SHARE:
        return False
    agree = np.abs(100 * part[known] / base[known] - share[known]) <= tolerance
    return bool(agree.mean() >= DERIVED_SHARE)
