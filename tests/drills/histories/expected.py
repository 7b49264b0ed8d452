"""Expected ends of a hospital's mornings: a forecast near the level of each series, or a listed sentence."""

import re
from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from publication.model import Publication, SeriesForecast
from tests.drills.histories.hospitals import (
    CLOSES,
    FIRST_MORNING,
    HORIZON,
    MEASURES,
    Hospital,
    level,
)
from tests.drills.histories.mornings import STEP_DAYS, WINDOWS, Ended, Mornings
from training.errors import HistoryError, NothingPublishedError, UsageError

REPORTING_DAYS = 28  # a site that is silent for longer is not forecast
WEEK = 7
NO_FALLBACK_FROM_DAYS = 8  # of known values
SHARE_OFF, SCALES_OFF = (
    0.05,
    3.5,
)  # by which a week's mean may miss: of its level, and in standard deviations of the mean of a week
CENSUS_SCALES_OFF = 2.5  # of one census: those of a week are nearly one and the same
FEW_DAYS_SHARE = 0.2  # of its level, by which a mean of a few days may miss besides: it has not every weekday
SUM_TOLERANCE = 1e-6


def check(hospital: Hospital, found: Mornings) -> None:
    """Everything that is promised of the hospital's mornings."""
    for morning, published in enumerate((found.first, found.second)):
        if published.answer is None:
            assert ended_with(published, sentences_of_publishing(hospital, morning)), (morning, published.sentence)
        else:
            check_publication(hospital, morning, published.answer)
            check_silent_site_is_named(hospital, morning, published.answer, found.findings[morning])
    if found.backtest.answer is None:
        assert ended_with(found.backtest, sentences_of_backtest(hospital)), found.backtest.sentence
    else:
        check_backtest(hospital, found.backtest.answer)
    assert found.trained.answer in (1, 2), found.trained.sentence


def ended_with(ended: Ended[Any], allowed: Sequence[tuple[type[Exception], str]]) -> bool:
    """Return whether the job ended with one of the sentences."""
    return any(type(ended.sentence) is kind and re.search(says, str(ended.sentence)) for kind, says in allowed)


def sentences_of_publishing(hospital: Hospital, morning: int) -> list[tuple[type[Exception], str]]:
    """The sentences with which `daily` may end: none, but where a lone site sends nothing."""
    known = hospital.known(morning)
    if known.isna().all(axis=None):
        return [(HistoryError, "has a header but no rows")]
    silent_days = (known.index[-1] - known.dropna(how="all").index[-1]).days
    return [(NothingPublishedError, "Ingest newer extracts")] if silent_days >= HORIZON else []


def check_publication(hospital: Hospital, morning: int, publication: Publication) -> None:
    """Every open site that reports is forecast near its level, and parents are the sums of their sites."""
    cutoff = pd.Timestamp(publication.cutoff)
    assert cutoff in cutoffs(hospital, morning)
    known = hospital.known(morning).loc[:cutoff]
    sites = [site for site in hospital.sites if reports(hospital, site, known)]
    bottom = {f"{site}/{measure}" for site in sites for measure in MEASURES[hospital.measures]}
    sums = {
        f"{parent}/{measure}": [f"{site}/{measure}" for site in below if site in sites]
        for parent, below in hospital.parents.items()
        for measure in MEASURES[hospital.measures]
        if set(below) & set(sites)
    }
    series = {one.unique_id: one for one in publication.series}
    assert set(series) == bottom | set(sums)
    for unique_id in bottom:
        check_series(series[unique_id], known[unique_id], publication.fallback_reason(unique_id))
    means = {unique_id: np.array([day.mean for day in one.days]) for unique_id, one in series.items()}
    for parent, parts in sums.items():
        np.testing.assert_allclose(means[parent], sum(means[part] for part in parts), atol=SUM_TOLERANCE)


def check_series(series: SeriesForecast, known: pd.Series, reason: str | None) -> None:
    """The mean of the week ahead is near the level; a fallback stands in only where next to nothing is known."""
    n_days = int(known.notna().sum())
    mean = float(np.mean([day.mean for day in series.days]))
    assert abs(mean - level(series.unique_id)) <= allowed_miss(series.unique_id, n_days), (series.unique_id, mean)
    assert not series.fallback or n_days < NO_FALLBACK_FROM_DAYS, (series.unique_id, reason)
    assert "Warning" not in (reason or ""), reason


def allowed_miss(unique_id: str, n_days: int) -> float:
    """By how much the mean of a week may be off the level of a series of which so many days are known."""
    true, measure = level(unique_id), unique_id.split("/")[1]
    scale = {"occupancy": CENSUS_SCALES_OFF * sqrt(true), "beds": 0.0}.get(measure, SCALES_OFF * sqrt(true / WEEK))
    few = FEW_DAYS_SHARE * true * (n_days < WEEK) + SCALES_OFF * sqrt(true) * (n_days < 3)
    return SHARE_OFF * true + scale + few


def cutoffs(hospital: Hospital, morning: int) -> set[pd.Timestamp]:
    """The days that a publication may be for: the last, or that on which the first site fell silent."""
    known = hospital.known(morning)
    first = known[[name for name in known if str(name).startswith(f"{hospital.sites[0]}/")]].dropna(how="all")
    return {known.index[-1], *first.index[-1:]}


def reports(hospital: Hospital, site: str, known: pd.DataFrame) -> bool:
    """Return whether a site is open at the end of the known history, and has a value in the four weeks before."""
    closed = site == hospital.sites[0] and hospital.last_open_day is not None
    is_open = not closed or known.index[-1] <= hospital.last_open_day
    theirs = known.filter(regex=f"^{site}/").tail(REPORTING_DAYS)
    return bool(is_open and theirs.notna().any(axis=None))


def check_silent_site_is_named(
    hospital: Hospital, morning: int, publication: Publication, findings: pd.DataFrame
) -> None:
    """A site that once reported, is open and is not forecast is named: in the findings, or in the publication."""
    site = hospital.sites[0]
    known = hospital.known(morning).filter(regex=f"^{site}/")
    forecast = {one.key.place for one in publication.series}
    if hospital.incident != CLOSES and known.notna().any(axis=None) and site not in forecast:
        silent = set(findings.loc[findings["check"] == "silent", "unique_id"])
        assert silent >= set(known.columns) or any(site in note.text for note in publication.notes)


def sentences_of_backtest(hospital: Hospital) -> list[tuple[type[Exception], str]]:
    """The sentences with which `backtest` may end: where windows have no room, or all fall into a silence."""
    no_room = [(UsageError, "Ask for fewer windows")] if has_no_room(hospital) else []
    silent = [(UsageError, "no series has a usable value in the four weeks")] if is_silent_before(hospital) else []
    return [*no_room, *silent]


def is_silent_before(hospital: Hospital) -> bool:
    """Return whether no series reported in the four weeks before any cutoff of the backtest."""
    known = hospital.known(1)
    last = known.index[-1] - pd.Timedelta(days=HORIZON)
    earliest = last - pd.Timedelta(days=STEP_DAYS * (WINDOWS - 1) + REPORTING_DAYS - 1)
    return bool(known.loc[earliest:last].isna().all(axis=None))


def has_no_room(hospital: Hospital) -> bool:
    """Return whether some day that may count as the last complete one leaves no room for the backtest's windows."""
    known = hospital.known(1).dropna(how="all")
    needed = HORIZON + STEP_DAYS * (WINDOWS - 1)
    return any((day - known.index[0]).days <= needed for day in cutoffs(hospital, 1))


def check_backtest(hospital: Hospital, forecasts: pd.DataFrame) -> None:
    """Two windows, each with every series that reported; actuals are those sent, and means are near the level."""
    windows = sorted(forecasts["cutoff"].unique())
    assert len(windows) == WINDOWS
    assert max(windows) + pd.Timedelta(days=HORIZON) in cutoffs(hospital, 1)
    for cutoff in windows:
        rows = forecasts[forecasts["cutoff"] == cutoff]
        known = hospital.known(1).loc[:cutoff]
        bottom = {str(name) for name in known if reports(hospital, str(name).split("/")[0], known)}
        assert bottom <= set(rows["unique_id"])
        for unique_id in bottom:
            one = rows[rows["unique_id"] == unique_id].set_index("ds")
            assert list(one["lead"]) == list(range(1, HORIZON + 1))
            sent = hospital.counts[unique_id].reindex(one.index)
            np.testing.assert_array_equal(one["y"], sent)
            miss = abs(one["mean"].mean() - level(unique_id))
            assert miss <= allowed_miss(unique_id, int(known[unique_id].notna().sum())), (unique_id, cutoff, miss)
    assert max(forecasts["ds"]) <= FIRST_MORNING
