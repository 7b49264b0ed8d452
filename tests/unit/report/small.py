"""Histories small enough to be worked out by hand."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pandas as pd

from publication.days import end_of_day
from publication.model import Measure, Place, System
from tests.unit.plausibility.hospitals import MEASURES
from training.report.evidence import Evidence, evidence
from training.system.model import SystemContext

Vintage = tuple[str, pd.Timestamp, float, datetime]
FIRST = pd.Timestamp("2025-01-06")  # a Monday
TIMEZONE = "Europe/London"
NOTHING = SystemContext()
AS_OF = datetime(2025, 3, 1, 12, tzinfo=UTC)


def system(*places: str, measures: Iterable[Measure] = MEASURES, names: Mapping[str, str] | None = None) -> System:
    """One system with these places below its root."""
    called = names or {}
    return System(
        "north", TIMEZONE, 8, 7, (0.92,), (0.1, 0.5, 0.9), tuple(measures),
        (Place("north", None, called.get("north", "North"), "system"),
         *(Place(place, "north", called.get(place, place), "site") for place in places)),
    )  # fmt: skip


def day(position: int) -> pd.Timestamp:
    return FIRST + pd.Timedelta(days=position)


def version(unique_id: str, position: int, y: float, after_days: float = 0.0) -> Vintage:
    """One vintage: known so many days after the end of its day."""
    end = end_of_day(day(position).date(), TIMEZONE)
    return unique_id, day(position), y, pd.Timestamp(end) + pd.Timedelta(days=after_days)


def versions(rows: Iterable[Vintage]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["unique_id", "ds", "y", "known_at"])


def steady(unique_id: str, days: Iterable[int], y: float = 100.0) -> list[Vintage]:
    """A series that wobbles by its weekday, so that no check has a word to say of it."""
    return [version(unique_id, i, y + 3 * (i % 7) + (i * i) % 5) for i in days]


def evidence_of(rows: Iterable[Vintage], of: System, **known: object) -> Evidence:
    """The evidence of these vintages."""
    context = known.get("context", NOTHING)
    as_of = known.get("as_of", AS_OF)
    assert isinstance(context, SystemContext)
    assert isinstance(as_of, datetime)
    return evidence(versions(rows), of, context, as_of)


def lay(table: pd.DataFrame, unique_id: str, first: int, y: float, n_days: int = 1) -> None:
    """Put a count into a wide frame, from one position on for so many days."""
    counts = table[unique_id].to_numpy(copy=True)
    counts[first : first + n_days] = y
    table[unique_id] = counts
