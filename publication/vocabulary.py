"""The words that training, store and service share."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How a measure's days relate: flows are counted over a day, stocks and capacities at the census hour."""

    FLOW = "flow"
    STOCK = "stock"
    CAPACITY = "capacity"


class Freshness(StrEnum):
    """Age of a publication against the daily rhythm: its first forecast day is today, was yesterday, or earlier."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


class NoteKind(StrEnum):
    """Subject of a note on a publication.

    `event`: a known event of the horizon. `capacity`: places without counted beds, which pressure leaves out.
    `fallback`: how many series are fallbacks, or why one is. `champion`: a saved copy of the champion was used.
    `cutoff`: the cutoff is not yesterday. `late`, `doubted`, `silent`: series without a usable value on the cutoff.
    `weekdays`: series that are counted on some weekdays only.
    """

    EVENT = "event"
    CAPACITY = "capacity"
    FALLBACK = "fallback"
    CHAMPION = "champion"
    CUTOFF = "cutoff"
    LATE = "late"
    DOUBTED = "doubted"
    SILENT = "silent"
    WEEKDAYS = "weekdays"


CONTENT_KINDS = frozenset({NoteKind.EVENT, NoteKind.CAPACITY, NoteKind.FALLBACK})
"""Kinds of notes that are part of a publication's content. Those of other kinds say how it was made."""


class SeriesKey(NamedTuple):
    """What a series counts, and where. `stream` is None for the whole of a measure."""

    place: str
    measure: str
    stream: str | None = None

    @property
    def unique_id(self) -> str:
        """`place/measure`, with `/stream` where the measure is split."""
        return "/".join(part for part in self if part is not None)


SEPARATOR = "/"
DRIVERS = ("level", "weekday", "season", "holiday", "event", "trend", "residual")
"""What a mean is made of, in counts that add up to it: the recent level, and what each cause adds to it."""

COVERAGES = (50, 80, 95)
"""Central intervals, in percent, whose coverage is scored."""

CHAMPION = "champion"
CHALLENGER = "challenger"


def series_key(unique_id: str) -> SeriesKey:
    """The parts of a `unique_id`. Raises ValueError when it is not `place/measure` or `place/measure/stream`."""
    parts = unique_id.split(SEPARATOR)
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"{unique_id!r} is not place/measure or place/measure/stream")
    return SeriesKey(*parts)


def quantile_column(level: float) -> str:
    """Column name of a quantile level: 0.9 gives `q0.9`."""
    return f"q{level:g}"
