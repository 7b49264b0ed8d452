"""The words that training, store and service share, and the names that systems, series and columns may have."""

import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ATTENDANCES = "attendances"
ADMISSIONS = "admissions"
DISCHARGES = "discharges"
OCCUPANCY = "occupancy"
BEDS = "beds"
DEFAULT_HOME = Path(".headroom")
"""The folder of a system's history, store and MLflow database, unless another is named."""


class Kind(StrEnum):
    """Kind of a measure: flows are counted over a day, stocks and capacities at the census hour; rates are in percent.

    All but rates add up over places and streams.
    """

    FLOW = "flow"
    STOCK = "stock"
    CAPACITY = "capacity"
    RATE = "rate"

    @property
    def is_additive(self) -> bool:
        """Return whether a total is the sum of its parts. A rate is not: its value is sent."""
        return self is not Kind.RATE


class Freshness(StrEnum):
    """Age of a publication against the daily rhythm: its first forecast day is today, was yesterday, or earlier."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


class NoteKind(StrEnum):
    """Subject of a note on a publication.

    `event`: a known event of the horizon. `holiday`: a public holiday of the horizon. `capacity`: places without
    counted beds, which pressure leaves out. `fallback`: how many series are fallbacks, or why one is. `champion`: a
    saved copy of the champion was used. `cutoff`: the cutoff is not yesterday. `late`, `suspect`, `silent`: series
    without a usable value on the cutoff. `weekdays`: series that are counted on some weekdays only.
    """

    EVENT = "event"
    HOLIDAY = "holiday"
    CAPACITY = "capacity"
    FALLBACK = "fallback"
    CHAMPION = "champion"
    CUTOFF = "cutoff"
    LATE = "late"
    SUSPECT = "suspect"
    SILENT = "silent"
    WEEKDAYS = "weekdays"


CONTENT_KINDS = frozenset({NoteKind.EVENT, NoteKind.HOLIDAY, NoteKind.CAPACITY, NoteKind.FALLBACK})
"""Kinds of notes that are part of a publication's content. Those of other kinds say how it was made."""


class Severity(StrEnum):
    """The consequence of a finding: flagged and left out of training, or noted alone."""

    SUSPECT = "suspect"
    NOTED = "noted"


class Treatment(StrEnum):
    """What was done with the days of a finding.

    `left out`: of training; models see them imputed. `imputed`: there is no value, and models see one that is filled
    in. `lead extended`: the series is forecast from its last value, further ahead. `not forecast`: the series is not in
    the publication. `used`: used as it is.
    """

    LEFT_OUT = "left out"
    IMPUTED = "imputed"
    LEAD_EXTENDED = "lead extended"
    NOT_FORECAST = "not forecast"
    USED = "used"


class Check(StrEnum):
    """Every check that a finding may be of, the most severe first: docs/reference/findings.md explains them."""

    OUTSIDE_OPENING_PERIOD = "outside opening period"
    REPORTING_FAILURE = "reporting failure"
    SUDDEN_ZERO = "sudden zero"
    SENTINEL = "sentinel"
    ABOVE_BEDS = "above beds"
    DISAGREEING_TOTAL = "disagreeing total"
    FROZEN = "frozen"
    SPIKE = "spike"
    EXCURSION = "excursion"
    PARTIAL_DAY = "partial day"
    EXCLUDED = "excluded"
    SUPPRESSED = "suppressed"
    GAP = "gap"
    LATE = "late"
    SILENT = "silent"
    CLOSED = "closed"
    UNBALANCED = "unbalanced"
    LEVEL_SHIFT = "level shift"
    RHYTHM = "rhythm"
    WEEKLY_TOTALS = "weekly totals"

    @property
    def severity(self) -> Severity:
        position = list(Check).index
        return Severity.SUSPECT if position(self) < position(Check.EXCLUDED) else Severity.NOTED

    @property
    def concerns_days(self) -> bool:
        """Whether each day of a finding is concerned; else it is on the series in the course of them."""
        return self not in (Check.UNBALANCED, Check.LEVEL_SHIFT, Check.RHYTHM)


class SeriesKey(NamedTuple):
    """The place, measure and stream of a series. `stream` is None for all of a measure."""

    place: str
    measure: str
    stream: str | None = None

    @property
    def unique_id(self) -> str:
        """`place/measure`, with `/stream` where the measure is split."""
        return "/".join(part for part in self if part is not None)


SEPARATOR = "/"
DRIVERS = ("level", "weekday", "season", "holiday", "event", "trend", "residual")
"""Parts of a mean, in counts that add up to it: the recent level, and the effect of each cause."""

COMPUTED_DECIMALS = 4
"""Decimals of chances, losses and shifted counts, wherever they are given or compared with a condition."""

COVERAGES = (50, 80, 95)
"""Central intervals, in percent, whose coverage is scored."""

LONGEST_NAME_BYTES = 200
"""Of the name of a system. File names have 255 bytes on most machines; ours add an ending, as `.publishing.holder`."""
ALLOWED_SIGNS = " -_.&+()"
"""Not `/ : @ ? #`, which MLflow reads as parts of an address, nor `'`, nor Windows' `" < > | * \\`."""

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


def check_system_name(name: str) -> str:
    """Return the name. Raises ValueError, with the sign that is at fault, where it cannot name a system."""
    for sign in name:
        if not _is_letter_or_digit(sign) and sign not in ALLOWED_SIGNS:
            raise ValueError(
                f"it contains {_printable(sign)}, which MLflow or a file name cannot hold; "
                "use letters, digits, blanks and - _ . & + ( )"
            )
    if not name[:1].isalnum() or name.endswith("."):
        raise ValueError("a name begins with a letter or a digit, and does not end with a dot")
    if name != unicodedata.normalize("NFC", name):
        raise ValueError(
            f"it has letters in parts ({name!a}), which some file systems change; "
            f"write them composed ({unicodedata.normalize('NFC', name)!a}, Unicode's form NFC)"
        )
    n_bytes = len(name.encode("utf-8"))
    if n_bytes > LONGEST_NAME_BYTES:
        raise ValueError(f"it has {n_bytes} bytes, and a file name holds {LONGEST_NAME_BYTES} of it; shorten it")
    return name


def _is_letter_or_digit(sign: str) -> bool:
    """Of any alphabet; a mark is a part of the letter before it."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _printable(sign: str) -> str:
    return repr(sign) if sign.isprintable() else f"{sign!a} ({unicodedata.name(sign, 'a control sign')})"
