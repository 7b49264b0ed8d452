"""Occupancy and discharges by the flow identity: tomorrow's patients are today's, plus admissions, less discharges.

A place must count all three. Admissions are forecast by the calendar-adjusted level, discharges by a hazard of the
patients in bed (`discharges.py`), day by day from the end of the last known day (`day_end.py`). The census of a day is
its end without the flows after the census.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from publication.vocabulary import ADMISSIONS
from training.console import with_progress
from training.features.calendar import SEASON_HARMONICS
from training.frames import FloatArray
from training.history.census_shares import SHARE_LOOKBACK_DAYS, CensusShares, fitted_census_shares
from training.history.digests import pooled
from training.history.patient_flow import FlowCounts, FlowSeries, by_place, flow_series, observed_days, read_flow_counts
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import CalendarLevel
from training.models.candidate import (
    MIN_SEASONAL_FIT_DAYS,
    SMOOTHING_LOOKBACK_DAYS,
    TRAINING_DAYS,
    FitCache,
    ForecastRequest,
    Means,
    by_fit_day,
    empty_means,
    fit_day,
    fitting_view,
    target_days,
)
from training.models.day_end import day_end_counts, fitted_gains
from training.models.discharges import Hazard, fitted_hazard, hazard_features, recent_admissions, update_ewma
from training.models.effects import design

MIN_FLOW_DAYS = 180  # on which a place counts all three
CORRECTION_HALF_LIFE_DAYS = 14.0  # of the days that the hazard, and the unexplained part, are corrected by
CORRECTION_PRIOR_DAYS = 7.0  # weight of no correction
CENSUS_SD_DAYS = 4  # after which the census sd grows no further: a fuller place discharges more
CENSUS_SD_RATIO = 1.5  # census sd over discharge sd: admissions vary too
FLOWS_INCOMPLETE = "the place does not count occupancy, admissions and discharges, or not for long enough"


class FlowBalance:
    """A candidate for occupancy and discharges of the places that count both, and admissions; it fails elsewhere.

    Without `fit_shares` each census is taken for the end of its day, to measure what census shares are worth.
    """

    def __init__(self, fit_shares: bool = True) -> None:
        self._fit_shares = fit_shares

    @property
    def settings(self) -> dict[str, object]:
        """The days that a fit may use, and the half-life of the days that correct the hazard."""
        return {"training_days": TRAINING_DAYS, "correction_half_life_days": CORRECTION_HALF_LIFE_DAYS}

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means of the series that can be forecast, and `FLOWS_INCOMPLETE` as the failure of all others."""
        means = empty_means(request)
        if flow_series(list(request.history.latest.columns)):
            _forecast_all(request, means, self._fit_shares)
        for cutoff, table in means.by_cutoff.items():
            missing = table.columns[table.isna().any()]
            means.failures.update({(cutoff, unique_id): FLOWS_INCOMPLETE for unique_id in missing})
        return means


def _forecast_all(request: ForecastRequest, means: Means, fit_shares: bool) -> None:
    """Fill in occupancy and discharges of every place with complete flows, at all cutoffs."""
    admissions = CalendarLevel(only=ADMISSIONS).forecast(request)
    groups = by_fit_day(request.cutoffs)
    for cutoffs in with_progress(groups.values(), "FlowBalance by refit day", len(groups)):
        _forecast(request, cutoffs, admissions, means, fit_shares)


def _forecast(
    request: ForecastRequest, cutoffs: Sequence[pd.Timestamp], admissions: Means, means: Means, fit_shares: bool
) -> None:
    """Fill in occupancy and discharges of every place with complete flows, at the cutoffs of one refit day."""
    history, fits, horizon = request.history, request.fits, request.horizon
    prepared_on = cache(lambda day, ahead_of: _prepared(history, fits, day, ahead_of, horizon, fit_shares))
    for cutoff in cutoffs:
        prepared = prepared_on(fit_day(cutoff), tuple(cutoffs)) or prepared_on(cutoff, (cutoff,))
        entering = admissions.by_cutoff[cutoff]
        places = [] if prepared is None else _forecastable(prepared.flow_series, entering)
        if prepared is not None and places:
            prepared = prepared.of(places)
            census, discharges = _ahead(
                history, cutoff, prepared, by_place(entering, [place.admissions for place in prepared.flow_series])
            )
            means.fill(cutoff, [place.occupancy for place in prepared.flow_series], census)
            means.fill(cutoff, [place.discharges for place in prepared.flow_series], discharges)


def _forecastable(places: Sequence[FlowSeries], admissions: pd.DataFrame) -> list[int]:
    """Return the positions of places of which every series still reports, and the admissions have a forecast."""
    reporting, forecast = set(admissions.columns), set(admissions.columns[admissions.notna().all()])
    return [
        i
        for i, place in enumerate(places)
        if reporting.issuperset(place.parts) and forecast.issuperset(place.admissions)
    ]


@dataclass(frozen=True)
class PreparedFlows:
    """The fit of places with complete flows, and the factors of its effects: (n_days, n_places)."""

    fitted: "FittedFlows"
    multiples: pd.DataFrame

    @property
    def flow_series(self) -> tuple[FlowSeries, ...]:
        return self.fitted.flow_series

    def of(self, places: Sequence[int]) -> "PreparedFlows":
        """Return those of some places, by position."""
        return PreparedFlows(self.fitted.of(places), self.multiples.iloc[:, list(places)])


def _prepared(
    history: PointInTimeHistory,
    fits: FitCache,
    day: pd.Timestamp,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    fit_shares: bool,
) -> PreparedFlows | None:
    """Return the fit of the day, with its effects on all days that forecasts at the cutoffs need."""
    fitted = fitted_on(history, fits, day, fit_shares)
    if fitted is None:
        return None
    hazard = fitted.hazard
    first = max(cutoffs[0] - pd.Timedelta(days=SMOOTHING_LOOKBACK_DAYS - 1), history.first_day)
    days = pd.date_range(first, cutoffs[-1] + pd.Timedelta(days=horizon))
    names = [place.discharges for place in fitted.flow_series]
    multiples = np.exp(hazard.effects.on(design(history, days, names, fitted.harmonics), names))
    return PreparedFlows(fitted, pd.DataFrame(multiples, days, names))


@dataclass(frozen=True)
class FittedFlows:
    """The places with complete flows, the hazard of their discharges, and the harmonics of its season.

    `shares` and `gains` (n_places,) give the patients in bed at the end of a day, of which the hazard is a share.
    """

    flow_series: tuple[FlowSeries, ...]
    hazard: Hazard
    harmonics: int
    shares: CensusShares
    gains: FloatArray

    def of(self, places: Sequence[int]) -> "FittedFlows":
        """Return those of some places, by position."""
        hazard = Hazard(self.hazard.effects, self.hazard.coefficients[places], self.hazard.daily_sd[places])
        shares = CensusShares(self.shares.admissions[places], self.shares.discharges[places])
        return FittedFlows(
            tuple(self.flow_series[i] for i in places), hazard, self.harmonics, shares, self.gains[places]
        )

    @property
    def fitted_values(self) -> dict[str, object]:
        """The number of places and harmonics, and the mean standard deviation of a place's daily discharges."""
        return {
            "places": len(self.flow_series),
            "harmonics": self.harmonics,
            "daily_sd": f"{self.hazard.daily_sd.mean():.2f}",
        }


def fitted_on(
    history: PointInTimeHistory, fits: FitCache, day: pd.Timestamp, fit_shares: bool = True
) -> FittedFlows | None:
    """Return the fit to what was known on the day, None without complete flows; fitted once, then cached."""
    seen = fitting_view(history, day)
    return fits.of(
        FlowBalance.__name__,
        day,
        *(() if fit_shares else ("no shares",)),
        made_from=pooled(seen.digests(day, 0)).hex(),
        make=lambda: _fitted(seen, day, fit_shares),
    )


def _fitted(history: PointInTimeHistory, day: pd.Timestamp, fit_shares: bool) -> FittedFlows | None:
    if day < history.first_day:
        return None
    known = history.as_of(day).tail(TRAINING_DAYS)
    long_enough = set(known.columns[known.count() >= MIN_FLOW_DAYS])
    places = [place for place in flow_series(list(known.columns)) if long_enough.issuperset(place.parts)]
    if not places:
        return None
    counts, days = read_flow_counts(history, day, places, TRAINING_DAYS)
    observed = observed_days(known, places, days)
    newest = slice(-SHARE_LOOKBACK_DAYS, None)
    shares = fitted_census_shares(counts.on(newest), observed[newest], history.system.census_hour)
    if not fit_shares:
        shares = CensusShares(np.ones(len(places)), np.ones(len(places)))
    gains = fitted_gains(counts, observed, shares)
    names = [place.discharges for place in places]
    harmonics = SEASON_HARMONICS if int(observed.any(axis=1).sum()) >= MIN_SEASONAL_FIT_DAYS else 0
    features = design(history, days, names, harmonics)
    at_day_end = day_end_counts(counts, observed, shares, gains)
    hazard = fitted_hazard(at_day_end, observed, features, names, history.system.thresholds)
    return FittedFlows(tuple(places), hazard, harmonics, shares, gains)


def _ahead(
    history: PointInTimeHistory, cutoff: pd.Timestamp, prepared: PreparedFlows, admissions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return census and discharges, each (horizon, n_places), with these admissions (horizon, n_places)."""
    counted, days = read_flow_counts(history, cutoff, prepared.flow_series, SMOOTHING_LOOKBACK_DAYS)
    observed = observed_days(history.as_of(cutoff), prepared.flow_series, days)
    shares, hazard = prepared.fitted.shares, prepared.fitted.hazard
    counts = day_end_counts(counted, observed, shares, prepared.fitted.gains)
    to_come = target_days(cutoff, len(admissions))
    thresholds, averages = history.system.thresholds, recent_admissions(counts.admissions)
    known = np.zeros(len(prepared.flow_series))
    past = hazard_features(counts.occupancy, averages, counts.beds, thresholds, known)[:-1]
    expected = hazard.discharges(past, prepared.multiples.loc[days[1:]].to_numpy())
    correction, unexplained = _corrections(counts, expected)
    multiples = correction * prepared.multiples.loc[to_come].to_numpy()
    in_bed, mix, beds = counts.occupancy[-1], averages[-1], counts.beds[-1] + _beds_added(history, prepared, to_come)
    found = np.empty((2, *admissions.shape))
    for lead in range(len(admissions)):
        census_sd = CENSUS_SD_RATIO * hazard.daily_sd * min(lead, CENSUS_SD_DAYS) ** 0.5
        features = hazard_features(in_bed, mix, beds[lead], thresholds, census_sd)
        leaving = np.maximum(hazard.discharges(features, multiples[lead]), 0.0)
        in_bed = np.maximum(in_bed + admissions[lead] - leaving + unexplained, 0.0)
        after = (1 - shares.admissions) * admissions[lead] - (1 - shares.discharges) * leaving
        mix = update_ewma(mix, admissions[lead])
        found[:, lead] = np.maximum(in_bed - after, 0.0), leaving
    return found[0], found[1]


def _beds_added(history: PointInTimeHistory, prepared: PreparedFlows, to_come: pd.DatetimeIndex) -> FloatArray:
    """Return the beds (horizon, n_places) that declared changes add to the last known number, on each future day."""
    days = pd.DatetimeIndex([to_come[0] - pd.Timedelta(days=1), *to_come])
    steps = history.bed_steps(days, [place.beds or place.occupancy for place in prepared.flow_series])
    return np.asarray(steps[1:] - steps[0])


def _corrections(counts: FlowCounts, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return recent discharges over `expected` ones (n_days - 1, n_places), and the daily unexplained part.

    Both (n_places,), from the newest days, drawn towards 1 and towards 0 patients.
    """
    weights = 0.5 ** (np.arange(len(expected))[::-1] / CORRECTION_HALF_LIFE_DAYS)
    leaving = counts.discharges[1:]
    prior = CORRECTION_PRIOR_DAYS * leaving.mean(axis=0)
    correction = (weights @ leaving + prior) / np.maximum(weights @ expected + prior, 1e-9)
    unexplained = np.diff(counts.occupancy, axis=0) - counts.admissions[1:] + leaving
    return correction, weights @ unexplained / (weights.sum() + CORRECTION_PRIOR_DAYS)
