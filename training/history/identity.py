"""The identity of the system that a version was trained on: two hospitals may have the same name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from training.history.point_in_time import PointInTimeHistory

IDENTITY_LEVEL_DAYS = 56  # before the end of training, whose counts are compared
FEWEST_VALUES = 7
SAME_SHARE = 0.5  # of the series that must be there, and at the same level, for a system to be the same
LEVEL_FACTOR = 1.5  # by which the median of the same days may differ after revisions
LEVEL_MARGIN = 5.0  # in counts
MOST_NAMED = 3


@dataclass(frozen=True)
class SystemIdentity:
    """The places, measures and sources of a system, and the median count of each series in the days to `last_day`."""

    places: tuple[str, ...]
    measures: tuple[str, ...]
    sources: tuple[str, ...]
    last_day: date
    levels: Mapping[str, float]


def identity_of(history: PointInTimeHistory, sources: Sequence[str], last_day: date) -> SystemIdentity:
    """Return the identity of the system as its history has it on a day; `sources` are their names."""
    system = history.system
    return SystemIdentity(
        places=tuple(place.id for place in system.places),
        measures=tuple(measure.name for measure in system.measures),
        sources=tuple(sources),
        last_day=last_day,
        levels=_levels(history, last_day),
    )


def difference(theirs: SystemIdentity, history: PointInTimeHistory, sources: Sequence[str]) -> str | None:
    """Return in words what shows that the identity is of another system than the history; None where it is the same.

    Places may be opened, closed and renamed, sources replaced and days revised: a system is another one where most of
    its series are not there, or most of those stand at another level on the same days, or nothing can be compared.
    """
    return next(_differences(theirs, history, sources), None)


def _differences(theirs: SystemIdentity, history: PointInTimeHistory, sources: Sequence[str]) -> Iterator[str]:
    absent = [i for i in theirs.levels if i not in history.latest]
    if len(absent) > (1 - SAME_SHARE) * len(theirs.levels):
        present = [str(i) for i in history.latest if i not in theirs.levels] or list(map(str, history.latest))
        yield f"it forecasts {_named(absent)}, which are not there; here there are {_named(present)}"
    ours = _levels(history, theirs.last_day)
    both = [i for i in theirs.levels if i in ours]
    other = [i for i in both if not _is_near(theirs.levels[i], ours[i])]
    if len(other) > (1 - SAME_SHARE) * len(both):
        first = other[0]
        yield (
            f"in the eight weeks to {theirs.last_day} {first} stood at {theirs.levels[first]:g} a day there, and at "
            f"{ours[first]:g} here, and so for {len(other)} of {len(both)} series"
        )
    if not both and not set(theirs.sources) & set(sources):
        yield (
            f"it has no day and no source in common with this one (there {_named(theirs.sources)}, here "
            f"{_named(sources)})"
        )


def _levels(history: PointInTimeHistory, last_day: date) -> dict[str, float]:
    """The median count of each series with enough values in the days up to the last."""
    last = pd.Timestamp(last_day)
    recent = history.latest.loc[last - pd.Timedelta(days=IDENTITY_LEVEL_DAYS - 1) : last]
    enough = recent.columns[recent.notna().sum() >= FEWEST_VALUES]
    return {str(i): float(level) for i, level in recent[enough].median().items()}


def _is_near(level: float, other: float) -> bool:
    low, high = sorted((level, other))
    return high <= low * LEVEL_FACTOR or high - low <= LEVEL_MARGIN


def _named(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
