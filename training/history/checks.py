"""What makes a row or a cell unfit for the archive. Each check is named by the reason it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import SEPARATOR


class Reason(StrEnum):
    """Why something is in the quarantine: a row (the first six) or a count."""

    MISSHAPEN_ROW = "wrong number of cells"
    UNKNOWN_PLACE = "unknown place"
    UNREADABLE_DAY = "unreadable day"
    UNKNOWN_MEASURE = "unknown measure"
    UNREADABLE_STREAM = "unreadable stream"
    UNREADABLE_KNOWN_AT = "unreadable known_at"
    UNREADABLE_COUNT = "unreadable count"
    NOT_FINITE = "not finite"
    NEGATIVE = "negative count"
    DUPLICATE = "duplicate"


Fails = Callable[[pd.DataFrame, System], pd.Series]


@dataclass(frozen=True)
class Check:
    """Judges one text of each parsed cell: `field` is the column that has the text, `advice` what to do."""

    reason: Reason
    field: str
    advice: str
    fails: Fails


def _unknown_place(cells: pd.DataFrame, system: System) -> pd.Series:
    return ~cells["place"].isin(system.place_by_id)


def _unknown_measure(cells: pd.DataFrame, system: System) -> pd.Series:
    return ~cells["measure"].isin(system.measure_by_name)


def _unreadable_day(cells: pd.DataFrame, _system: System) -> pd.Series:
    return cells["ds"].isna()


def _unreadable_stream(cells: pd.DataFrame, _system: System) -> pd.Series:
    return cells["stream"].fillna("").str.contains(SEPARATOR, regex=False)


def _unreadable_known_at(cells: pd.DataFrame, _system: System) -> pd.Series:
    return cells["known_at"].notna() & cells["known"].isna()


def _unreadable_count(cells: pd.DataFrame, _system: System) -> pd.Series:
    return cells["y"].isna() & cells["found"].ne("")


def _not_finite(cells: pd.DataFrame, _system: System) -> pd.Series:
    return pd.Series(np.isinf(cells["y"]), index=cells.index)


def _negative(cells: pd.DataFrame, _system: System) -> pd.Series:
    return cells["y"].lt(0)


ROW_CHECKS = (
    Check(Reason.UNKNOWN_PLACE, "place", "list it among the places, or in ignore_places", _unknown_place),
    Check(Reason.UNREADABLE_DAY, "day", "write it like 2026-02-03", _unreadable_day),
    Check(Reason.UNKNOWN_MEASURE, "measure", "use a built-in measure, or declare it in system.toml", _unknown_measure),
    Check(Reason.UNREADABLE_STREAM, "stream", f"take the {SEPARATOR!r} out of it", _unreadable_stream),
    Check(Reason.UNREADABLE_KNOWN_AT, "known_at", "write it like 2026-02-03T05:00:00+00:00", _unreadable_known_at),
)
COUNT_CHECKS = (
    Check(Reason.UNREADABLE_COUNT, "found", "write a plain number, or leave the cell blank", _unreadable_count),
    Check(Reason.NOT_FINITE, "found", "write a plain number, or leave the cell blank", _not_finite),
    Check(Reason.NEGATIVE, "found", "a count is 0 or more: correct it, or leave the cell blank", _negative),
)
