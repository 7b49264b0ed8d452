"""The parts of the recipe that can be taken out, and how each is: a candidate or a rule without it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.ablation.replacements import (
    EqualWeights,
    as_scaled,
    constant_volatility,
    each_by_itself,
    independent,
    no_special_days,
    no_widening,
    own_scale,
    without_growth,
)
from publication.vocabulary import ADMISSIONS, ATTENDANCES, DISCHARGES, OCCUPANCY, Kind
from training.calibration.counts import count_quantiles
from training.calibration.quantiles import Calibration, error_quantiles, fitted_quantiles
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import CalendarLevel
from training.models.candidate import Candidate
from training.models.catalogue import DEFAULT_CANDIDATE, Combination, LearnedEnsemble
from training.models.flow_balance import FlowBalance
from training.models.level import LevelParts
from training.pipeline.forecast import Forecast
from training.pipeline.margins import SmallCounts
from training.pipeline.means import members_of

LEVEL, BOOSTED, FLOWS, CONVERSION = "CalendarLevel", "BoostedLevel", "FlowBalance", "Conversion"
FLOW_COUNTS = frozenset({OCCUPANCY, ADMISSIONS, DISCHARGES})
Sums = Callable[[Forecast, tuple[float, ...]], Forecast]


def as_published(forecast: Forecast, levels: tuple[float, ...]) -> Forecast:
    """Return the forecast itself."""
    del levels
    return forecast


@dataclass(frozen=True)
class Recipe:
    """All that forecasts are made with. `candidates` are new ones by name; `candidate` names the one that forecasts.

    `calibrate` and `count` make quantiles, `sums` changes those of sums, and without `holidays` no bank holiday is
    known.
    """

    candidate: str = DEFAULT_CANDIDATE
    candidates: Mapping[str, Candidate | Combination | LearnedEnsemble] = field(default_factory=dict)
    calibrate: Calibration = fitted_quantiles
    count: SmallCounts = count_quantiles
    sums: Sums = as_published
    holidays: bool = True


COMPLETE_RECIPE = Recipe()


@dataclass(frozen=True)
class Part:
    """A part of the recipe: its name, what stands in for it, and the recipe without it.

    A system has the part if it counts all measures that it `needs`, and a flow if `of_flows`, a stock if `of_stocks`.
    """

    name: str
    instead: str
    without: Recipe
    needs: frozenset[str] = frozenset()
    of_flows: bool = False
    of_stocks: bool = False

    def is_in(self, history: PointInTimeHistory) -> bool:
        """Return True if the part has any effect on forecasts of the system."""
        counted = {name.split("/")[1] for name in history.latest.columns}
        kinds = {measure.kind for measure in history.system.measures if measure.name in counted}
        flows, stocks = Kind.FLOW in kinds, bool(kinds & {Kind.STOCK, Kind.RATE})
        return self.needs <= counted and (flows or not self.of_flows) and (stocks or not self.of_stocks)


MEMBERS = members_of(DEFAULT_CANDIDATE)


def parts() -> dict[str, Part]:
    """Return every part, by the name that `--parts` takes."""
    return {
        "level": _member(LEVEL),
        "boosting": _member(BOOSTED, of_flows=True),
        "ets": _member("AutoETS"),
        "flows": _member(FLOWS, FLOW_COUNTS),
        "conversion": _member(CONVERSION, frozenset({ATTENDANCES, ADMISSIONS})),
        "weights": _ensemble("fitted weights", "equal weights", EqualWeights(MEMBERS)),
        "own-weights": _ensemble(
            "a stock's weights at each place",
            "those of the measure",
            LearnedEnsemble(MEMBERS, own_weights=False),
            of_stocks=True,
        ),
        "last-year": _of_level("last year's change in the level", LevelParts(last_year=False)),
        "pooled": _of_level("coefficients of all series' level together", LevelParts(pooled=False)),
        "weekdays": _of_level("weekdays of late", LevelParts(weekdays=False)),
        "waves": _of_level("five waves of a flow's year", LevelParts(waves=0), of_flows=True),
        "two-waves": _of_level("the third to fifth of these waves", LevelParts(waves=2), "two waves", of_flows=True),
        "holidays": Part("bank holidays", "none is known", Recipe(holidays=False)),
        "shares": _replaced(
            "census shares",
            "the census ends the day",
            {FLOWS: FlowBalance(fit_shares=False)},
            needs=FLOW_COUNTS,
        ),
        "bias": _rule("half of a bias", "all of it is carried on", carried_bias=1.0),
        "any-bias": _rule("any bias", "none is carried on", carried_bias=0.0),
        "scale": _rule("scale pooled over series and leads", "each has its own", scale_of=own_scale),
        "growth": _rule("growth of errors beyond known leads", "none", scale_of=without_growth),
        "volatility": _rule("volatility", "one scale for the year", volatility_of=constant_volatility),
        "special": _rule("factor of special days", "1", factor_of=no_special_days),
        "pooling": _calibration("errors pooled over series", "each by itself", each_by_itself),
        "widening": _calibration("widening for few days", "none", partial(fitted_quantiles, widening=no_widening)),
        "counts": Part("negative binomial of small counts", "scaled errors", Recipe(count=as_scaled), of_flows=True),
        "joint": Part("joint paths of sums", "parts are independent", Recipe(sums=independent)),
    }


def _member(member: str, needs: frozenset[str] = frozenset(), of_flows: bool = False) -> Part:
    others = LearnedEnsemble(tuple(name for name in MEMBERS if name != member))
    return _ensemble(f"`{member}`", "the other members", others, needs, of_flows)


def _ensemble(
    name: str,
    instead: str,
    ensemble: Combination | LearnedEnsemble,
    needs: frozenset[str] = frozenset(),
    of_flows: bool = False,
    of_stocks: bool = False,
) -> Part:
    candidate = f"{DEFAULT_CANDIDATE} without {name}"
    return Part(name, instead, Recipe(candidate, {candidate: ensemble}), needs, of_flows, of_stocks)


def _of_level(name: str, left: LevelParts, instead: str = "nothing", of_flows: bool = False) -> Part:
    changed = {LEVEL: CalendarLevel(parts=left), BOOSTED: CalendarLevel(boosted=True, parts=left)}
    return _replaced(name, instead, changed, of_flows=of_flows)


def _replaced(
    name: str,
    instead: str,
    changed: Mapping[str, Candidate],
    needs: frozenset[str] = frozenset(),
    of_flows: bool = False,
) -> Part:
    """Return the part that some members are without: each under a name of its own, so that no means are shared."""
    renamed = {member: f"{member} without {name}" for member in changed}
    candidate = f"{DEFAULT_CANDIDATE} without {name}"
    ensemble = LearnedEnsemble(tuple(renamed.get(member, member) for member in MEMBERS))
    added = {renamed[member]: made for member, made in changed.items()}
    return Part(name, instead, Recipe(candidate, {**added, candidate: ensemble}), needs, of_flows)


def _calibration(name: str, instead: str, calibrate: Calibration) -> Part:
    return Part(name, instead, Recipe(calibrate=calibrate))


def _rule(name: str, instead: str, **replaced: object) -> Part:
    rule = partial(error_quantiles, **replaced)  # type: ignore[arg-type]
    return _calibration(name, instead, partial(fitted_quantiles, rule=rule))
