"""The catalogue of Pandera checks that a row or a count must pass, each named by its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import SEPARATOR
from training.history import parsing
from training.history.columns import distinct_texts, per_row
from training.history.hints import hints
from training.history.quarantine import Reason
from training.sources.extract import FORMULA_SIGN, IN_MERGED_CELLS
from training.sources.numbers import is_no_value, parse_counts
from training.sources.times import parse_times
from training.system.model import PLAIN_NOTATION, Notation
from training.system.schema import EXCEL_DAYS

SENTINELS = (-1, -9, -99, -999, -9999)
SAMPLE_DAY = date(2026, 2, 3)
HINTED = frozenset({Reason.UNREADABLE_DAY, Reason.UNREADABLE_TIME, Reason.UNREADABLE_COUNT, Reason.UNKNOWN_PLACE})


@dataclass(frozen=True)
class CheckContext:
    """The context of the checks. `today` is the hospital day of the ingest."""

    system: System
    today: date
    day_format: str | None = None
    notation: Notation = PLAIN_NOTATION
    timezone: str = ""

    @property
    def zone(self) -> str:
        """The time zone of times without an offset."""
        return self.timezone or self.system.timezone


Passes = Callable[[pd.Series, CheckContext], pd.Series]


@dataclass(frozen=True)
class Check:
    """A check of the distinct texts of one `field`, as its reader parsed them, or `as_written`; and what to do."""

    reason: Reason
    field: str
    advice: str
    passes: Passes
    as_written: bool = False


@dataclass(frozen=True)
class CheckedTexts:
    """The meaning of a field's distinct texts (NaN, NaT: unreadable), and the check that each of them fails.

    `failed` is the number in CHECKS, from 1, of the first check that a text does not pass; 0: it passes all.
    """

    meant: pd.Series
    failed: NDArray[np.int8]


def _as_they_are(texts: pd.Series, _context: CheckContext) -> pd.Series:
    return texts


def _days(texts: pd.Series, context: CheckContext) -> pd.Series:
    return parsing.parse_days(texts, context.system.timezone, context.day_format)


def _instants(texts: pd.Series, context: CheckContext) -> pd.Series:
    return parsing.parse_instants(texts, context.system.timezone)


def _times(texts: pd.Series, context: CheckContext) -> pd.Series:
    times = parse_times(texts, context.zone, context.system.timezone, context.day_format)
    local = np.where(times.is_read, times.local, 0).astype("datetime64[m]").astype("datetime64[ns]")
    return pd.Series(local, index=texts.index).where(times.is_read)


def _counts(texts: pd.Series, context: CheckContext) -> pd.Series:
    return parse_counts(texts, context.notation)


FIELD_READERS: dict[str, Callable[[pd.Series, CheckContext], pd.Series]] = {
    "place": _as_they_are,
    "day": _days,
    "time": _times,
    "measure": _as_they_are,
    "stream": _as_they_are,
    "known_at": _instants,
    "found": _counts,
}


def _is_no_formula(texts: pd.Series, _context: CheckContext) -> pd.Series:
    return ~texts.str.startswith(FORMULA_SIGN).astype(bool)


def _is_of_one_cell(texts: pd.Series, _context: CheckContext) -> pd.Series:
    return ~texts.str.endswith(IN_MERGED_CELLS).astype(bool)


def _is_known_place(places: pd.Series, context: CheckContext) -> pd.Series:
    return places.isin(context.system.place_by_id)


def _is_known_measure(measures: pd.Series, context: CheckContext) -> pd.Series:
    return measures.isin(context.system.measure_by_name)


def _is_read(values: pd.Series, _context: CheckContext) -> pd.Series:
    return values.notna()


def _has_begun(days: pd.Series, context: CheckContext) -> pd.Series:
    has_begun: pd.Series = ~days.dt.normalize().gt(pd.Timestamp(context.today))
    return has_begun


def _is_one_part(streams: pd.Series, _context: CheckContext) -> pd.Series:
    return ~streams.str.contains(SEPARATOR, regex=False).astype(bool)


def _is_finite(counts: pd.Series, _context: CheckContext) -> pd.Series:
    return ~counts.abs().eq(np.inf)


def _is_no_sentinel(counts: pd.Series, _context: CheckContext) -> pd.Series:
    return ~counts.isin(SENTINELS)


def _is_not_negative(counts: pd.Series, _context: CheckContext) -> pd.Series:
    return ~counts.lt(0)


def _never_calculated(field: str) -> Check:
    advice = "open the workbook in a spreadsheet program and save it, so that the value is saved with the formula"
    return Check(Reason.NEVER_CALCULATED, field, advice, _is_no_formula, as_written=True)


ROW_CHECKS = (
    *map(_never_calculated, ("place", "day", "time", "measure", "stream", "known_at")),
    Check(Reason.UNKNOWN_PLACE, "place", "list it among the places, or in ignore_places", _is_known_place),
    Check(Reason.UNREADABLE_DAY, "day", "write it like {day}", _is_read),
    Check(
        Reason.FUTURE_DAY,
        "day",
        "it cannot have been counted yet; planned beds belong into events.csv",
        _has_begun,
    ),
    Check(Reason.UNREADABLE_TIME, "time", "write it like {day} 08:00", _is_read),
    Check(Reason.FUTURE_DAY, "time", "it cannot have been counted yet", _has_begun),
    Check(Reason.UNKNOWN_MEASURE, "measure", "use a built-in measure, or declare it in system.toml", _is_known_measure),
    Check(Reason.UNREADABLE_STREAM, "stream", f"take the {SEPARATOR!r} out of it", _is_one_part),
    Check(Reason.UNREADABLE_KNOWN_AT, "known_at", "write it like 2026-02-03T05:00:00+00:00", _is_read),
)
COUNT_CHECKS = (
    _never_calculated("found"),
    Check(
        Reason.MERGED_CELLS,
        "found",
        "unmerge them, and write each count into the cell of its own row and column",
        _is_of_one_cell,
        as_written=True,
    ),
    Check(Reason.UNREADABLE_COUNT, "found", "write a plain number, or leave the cell blank", _is_read),
    Check(Reason.NOT_FINITE, "found", "write a plain number, or leave the cell blank", _is_finite),
    Check(Reason.SENTINEL, "found", "it stands for a count that is not known: leave the cell blank", _is_no_sentinel),
    Check(Reason.NEGATIVE, "found", "a count is 0 or more: correct it, or leave the cell blank", _is_not_negative),
)
CHECKS = (*ROW_CHECKS, *COUNT_CHECKS)
CHECK_NUMBERS = {(check.field, check.reason.value): number for number, check in enumerate(CHECKS, start=1)}


def check_texts(texts: pd.Series, field: str, context: CheckContext) -> CheckedTexts:
    """Parse and check the distinct texts of a field. A text that says that there is no count passes."""
    import pandera.pandas as pandera  # it takes a while to import, and reading the archive does without

    meant = FIELD_READERS[field](texts, context)
    failed = np.zeros(len(texts), np.int8)
    checks = [
        pandera.Check(_within(check, texts, context), name=check.reason.value, ignore_na=False)
        for check in CHECKS
        if check.field == field
    ]
    try:
        pandera.SeriesSchema(checks=checks, nullable=True).validate(
            meant[~is_no_value(texts, context.notation)] if field == "found" else meant, lazy=True
        )
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].isna().any():  # not a text but the check itself failed
            raise
        numbers = cases["check"].map(lambda reason: CHECK_NUMBERS[field, reason]).groupby(cases["index"]).min()
        failed[numbers.index.to_numpy(dtype=int)] = numbers
    return CheckedTexts(meant, failed)


def _within(check: Check, texts: pd.Series, context: CheckContext) -> Callable[[pd.Series], pd.Series]:
    if check.as_written:
        return lambda values: check.passes(texts.loc[values.index], context)
    return lambda values: check.passes(values, context)


def advice(check: Check, context: CheckContext) -> str:
    """Return the advice on a text that does not pass."""
    day_format = context.day_format or "%Y-%m-%d"
    sample = "45000" if day_format == EXCEL_DAYS else SAMPLE_DAY.strftime(day_format)
    return check.advice.format(day=sample)


def advices(check: Check, texts: pd.Series, context: CheckContext) -> str | pd.Series:
    """Return the advice on rejected texts: for each what it looks like, where that is known."""
    general = advice(check, context)
    is_declared = check.reason is Reason.UNREADABLE_DAY and context.day_format is not None
    if check.reason not in HINTED or is_declared:
        return general
    found = hints(distinct_texts(texts), check.field, lambda: list(context.system.place_by_id)).to_numpy(dtype=object)
    if all(text is None for text in found):
        return general
    advised = np.array([general if text is None else text for text in found], dtype=object)
    return pd.Series(per_row(texts, advised), index=texts.index, dtype=object)
