"""The ledger: how the forecasts that a system issued did, against the actuals known when they were scored."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

SLICES = ("series", "measure", "leads", "regime")


class Losses(NamedTuple):
    """Mean losses; errors are forecast minus actual. None where there is nothing to judge by.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of each series; coverages are shares of actuals inside the
    central interval of so many percent.
    """

    mae: float | None
    bias: float | None
    wis: float | None
    mase: float | None
    scaled_wis: float | None
    coverage_50: float | None
    coverage_80: float | None
    coverage_95: float | None

    def coverage(self, percent: int) -> float | None:
        """That of one of `vocabulary.COVERAGES`."""
        return {50: self.coverage_50, 80: self.coverage_80, 95: self.coverage_95}[percent]


class Slice(NamedTuple):
    """Which forecasts are meant. What is None was not told apart."""

    series: str | None
    measure: str | None
    leads: str | None
    regime: str | None


class Score(NamedTuple):
    """How `n` forecasts of a slice did that have an actual; `fallbacks` of them were fallbacks."""

    of: Slice
    n: int
    fallbacks: int
    losses: Losses


@dataclass(frozen=True)
class LiveScores:
    """Scores of the publications whose target days lie from `first` to `last`, by every slice; replaced as a whole."""

    system: str
    scored_at: datetime
    first: date
    last: date
    n_publications: int
    scores: tuple[Score, ...]

    @cached_property
    def by_measure_and_leads(self) -> tuple[Score, ...]:
        return combined(self.scores, ("measure", "leads"))


def combined(scores: Iterable[Score], by: Sequence[str]) -> tuple[Score, ...]:
    """One score for each slice by those of `SLICES` in `by`: means over all its forecasts, in the slices' order."""
    sums: dict[Slice, _Sum] = {}
    keep = _keeper(by)
    for score in scores:
        sums.setdefault(keep(score.of), _Sum()).add(score)
    in_order = sorted(sums, key=lambda of: tuple(part or "" for part in of))
    return tuple(Score(of, sums[of].n, sums[of].fallbacks, sums[of].losses()) for of in in_order)


def _keeper(by: Sequence[str]) -> Callable[[Slice], Slice]:
    kept = [name in by for name in SLICES]
    return lambda of: Slice(*(part if keep else None for part, keep in zip(of, kept, strict=True)))


class _Sum:
    """Scores added up: each loss over the forecasts that have it."""

    def __init__(self) -> None:
        self.n = 0
        self.fallbacks = 0
        self._totals = [0.0] * len(Losses._fields)
        self._counts = [0] * len(Losses._fields)

    def add(self, score: Score) -> None:
        self.n += score.n
        self.fallbacks += score.fallbacks
        for i, loss in enumerate(score.losses):
            if loss is not None:
                self._totals[i] += loss * score.n
                self._counts[i] += score.n

    def losses(self) -> Losses:
        return Losses(*(total / n if n else None for total, n in zip(self._totals, self._counts, strict=True)))
