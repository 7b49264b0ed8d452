"""Live scores: losses of issued forecasts against the actuals known when they were scored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from publication.control import ControlState

SLICES = ("series", "measure", "leads", "regime")
DEFAULT_SLICES = ("measure", "leads")
SCORED_WEEKS = (4, 13)
"""Weeks of target days, up to the newest, that every score is given for: enough for a coverage to mean something, and
soon enough to see it change."""
MOST_WEEKS = max(SCORED_WEEKS)


class Losses(NamedTuple):
    """Mean losses; errors are forecast minus actual. None where there is nothing to score.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of each series; coverages are shares of actuals inside the
    central interval of so many percent. `last_week_mae` is that of seasonal naive and `yesterday_mae` that of the last
    value, each as known at the cutoff; `mae_vs_last_week` and `mae_vs_yesterday` are those of the forecast on the same
    cases.
    """

    mae: float | None
    bias: float | None
    wis: float | None
    mase: float | None
    scaled_wis: float | None
    coverage_50: float | None
    coverage_80: float | None
    coverage_95: float | None
    last_week_mae: float | None
    mae_vs_last_week: float | None
    yesterday_mae: float | None
    mae_vs_yesterday: float | None

    def coverage(self, percent: int) -> float | None:
        """That of one of `vocabulary.COVERAGES`."""
        return {50: self.coverage_50, 80: self.coverage_80, 95: self.coverage_95}[percent]

    @property
    def skill(self) -> float | None:
        """1 - MAE / MAE of seasonal naive, on the same cases; None where that never errs."""
        if self.mae_vs_last_week is None or not self.last_week_mae:
            return None
        return 1 - self.mae_vs_last_week / self.last_week_mae

    @property
    def wis_skill(self) -> float | None:
        """1 - WIS / WIS of seasonal naive, which is a point and so has a WIS equal to its absolute error.

        The WIS is of all cases. Where some of them have no seasonal naive, that of the others is estimated: it is
        multiplied by MAE on those cases / MAE on all. None where one of these losses is 0 or absent.
        """
        if self.wis is None or self.mae_vs_last_week is None or not self.mae or not self.last_week_mae:
            return None
        return 1 - self.wis * (self.mae_vs_last_week / self.mae) / self.last_week_mae


class Slice(NamedTuple):
    """The forecasts that a score is of: those for the days of the last `weeks`. None: not separated by this."""

    series: str | None
    measure: str | None
    leads: str | None
    regime: str | None
    weeks: int = MOST_WEEKS


class Score(NamedTuple):
    """Losses of the `n` forecasts of a slice that have an actual; `fallbacks` of them were fallbacks.

    `publications` is the number of publications that they are from. Of combined slices it is that of the slice with
    most of them.
    """

    of: Slice
    n: int
    fallbacks: int
    losses: Losses
    publications: int


class ChampionPeriod(NamedTuple):
    """Consecutive cutoffs, of those that are scored, whose champion was one version."""

    version: int
    first: date
    last: date


class LeadScore(NamedTuple):
    """Losses of a measure at one lead, over the series of all places. `champion`: of that period alone."""

    measure: str
    lead: int
    weeks: int
    n: int
    fallbacks: int
    losses: Losses
    publications: int
    champion: ChampionPeriod | None = None


class QuantileShare(NamedTuple):
    """The share of the `n` actuals of a measure, at all places and leads, at or below a published quantile."""

    measure: str
    quantile: float
    weeks: int
    n: int
    at_or_below: float
    publications: int


@dataclass(frozen=True)
class LiveScores:
    """Scores of the publications whose target days lie from `first` to `last`, by every slice; replaced together.

    `by_champion` has the newest two periods of champions, by lead, over all weeks. `by_lead`, `by_champion` and
    `quantiles` are not separated by series: so they are small, however many series there are. `control` has a state for
    each measure and check; none where no champion has published for a scored day.
    """

    system: str
    scored_at: datetime
    first: date
    last: date
    n_publications: int
    scores: tuple[Score, ...]
    by_lead: tuple[LeadScore, ...] = ()
    by_champion: tuple[LeadScore, ...] = ()
    quantiles: tuple[QuantileShare, ...] = ()
    control: tuple[ControlState, ...] = ()

    @cached_property
    def by_measure_leads_and_weeks(self) -> tuple[Score, ...]:
        """Of each number of weeks."""
        return combined(self.scores, ("measure", "leads"))

    @property
    def by_measure_and_leads(self) -> tuple[Score, ...]:
        """Of all weeks."""
        return tuple(score for score in self.by_measure_leads_and_weeks if score.of.weeks == MOST_WEEKS)

    @property
    def signals(self) -> tuple[ControlState, ...]:
        """The states that have a signal."""
        return tuple(state for state in self.control if state.signal is not None)

    @cached_property
    def by_series(self) -> Mapping[str, tuple[Score, ...]]:
        """The scores of each series, by its `unique_id`."""
        found: dict[str, list[Score]] = {}
        for score in self.scores:
            found.setdefault(score.of.series or "", []).append(score)
        return {series: tuple(of) for series, of in found.items()}


def combined(scores: Iterable[Score], by: Sequence[str]) -> tuple[Score, ...]:
    """One score for each slice by those of `SLICES` in `by`: means over all its forecasts, in the slices' order.

    Scores of different weeks are not combined: they share forecasts.
    """
    sums: dict[Slice, _Sum] = {}
    restrict = _restriction_to(by)
    for score in scores:
        sums.setdefault(restrict(score.of), _Sum()).add(score)
    return tuple(sums[of].score(of) for of in sorted(sums, key=_order))


def _order(of: Slice) -> tuple[str, str, str, str, int]:
    return of.series or "", of.measure or "", of.leads or "", of.regime or "", of.weeks


def _restriction_to(by: Sequence[str]) -> Callable[[Slice], Slice]:
    has_series, has_measure, has_leads, has_regime = (name in by for name in SLICES)

    def restrict(of: Slice) -> Slice:
        return Slice(
            of.series if has_series else None,
            of.measure if has_measure else None,
            of.leads if has_leads else None,
            of.regime if has_regime else None,
            of.weeks,
        )

    return restrict


class _Sum:
    """Scores added up: each loss over the forecasts that have it."""

    def __init__(self) -> None:
        self._n = 0
        self._fallbacks = 0
        self._publications = 0
        self._totals = [0.0] * len(Losses._fields)
        self._counts = [0] * len(Losses._fields)

    def add(self, score: Score) -> None:
        self._n += score.n
        self._fallbacks += score.fallbacks
        self._publications = max(self._publications, score.publications)
        for i, loss in enumerate(score.losses):
            if loss is not None:
                self._totals[i] += loss * score.n
                self._counts[i] += score.n

    def score(self, of: Slice) -> Score:
        losses = (total / n if n else None for total, n in zip(self._totals, self._counts, strict=True))
        return Score(of, self._n, self._fallbacks, Losses(*losses), self._publications)
