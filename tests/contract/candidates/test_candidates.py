"""Properties of every candidate of the catalogue, on the histories that hospitals really have."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from publication.model import System
from tests.unit.models.wards import DAILY_ADMISSIONS, LEAVING_SHARE, simulated, with_flows
from tests.unit.pipeline.histories import ENGLISH, awkward, awkward_system, poisoned, versions
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import REFIT_EVERY_DAYS, Means, fit_day
from training.models.catalogue import CATALOGUE, LearnedEnsemble
from training.pipeline.means import MeansCache

HORIZON = 14
N_DAYS = 240
TABLE = awkward(N_DAYS).join(simulated("flows", N_DAYS, 10))
TABLE["flows/attendances"] = 4 * TABLE["flows/admissions"]
VERSIONS = versions(TABLE)
SYSTEM = with_flows(awkward_system(HORIZON), "flows")
LAST = pd.Timestamp(TABLE.index[-1])
# The day before a refit day, the refit day itself, and days far from one.
REFIT = fit_day(LAST)
CUTOFFS = [REFIT - pd.Timedelta(days=1), REFIT, REFIT + pd.Timedelta(days=3), LAST]
YOUNG = "young/attendances"
LEVELS = {
    f"{place}/attendances": level
    for place, level in {"gappy": 60, "middle": 45, "regular": 80, "constant": 20, "zero": 0}.items()
}
OF_FLOWS = {
    "BoostedLevel": {},  # the history is too short for it
    "FlowBalance": {"flows/discharges": DAILY_ADMISSIONS, "flows/occupancy": DAILY_ADMISSIONS / LEAVING_SHARE.mean()},
    "Conversion": {"flows/admissions": DAILY_ADMISSIONS},
}

# A learned ensemble has no means of its own: the pipeline combines its members (tests/unit/pipeline).
NAMES = [name for name, candidate in CATALOGUE.items() if not isinstance(candidate, LearnedEnsemble)]
every_candidate = pytest.mark.parametrize("name", NAMES)


def history_of(vintages: pd.DataFrame, system: System = SYSTEM) -> PointInTimeHistory:
    return PointInTimeHistory(vintages, system, context=ENGLISH)


@lru_cache
def clean() -> PointInTimeHistory:
    """Return the history that candidates share, as they do in a backtest: to read, never to change."""
    return history_of(VERSIONS)


@lru_cache
def poisoned_after(cutoff: pd.Timestamp) -> PointInTimeHistory:
    return history_of(poisoned(VERSIONS, cutoff, "late/attendances"))


@lru_cache
def reordered() -> PointInTimeHistory:
    """Return the clean history with its rows and places in another order."""
    system = replace(SYSTEM, places=(SYSTEM.places[0], *reversed(SYSTEM.places[1:])))
    return history_of(VERSIONS.sample(frac=1.0, random_state=7), system)


def answer(name: str, history: PointInTimeHistory, cutoffs: list[pd.Timestamp]) -> Means:
    """Return the means of one request, for which everything is fitted anew."""
    return MeansCache(history, HORIZON).make(name, cutoffs)


@lru_cache
def all_cutoffs(name: str) -> Means:
    """Return the means of one request for every cutoff, made once for all tests."""
    return answer(name, clean(), CUTOFFS)


@lru_cache
def alone(name: str, cutoff: pd.Timestamp) -> Means:
    """Return the means of a request for this cutoff only, made once for all tests."""
    return answer(name, clean(), [cutoff])


def test_the_cutoffs_stand_around_a_refit_day() -> None:
    assert REFIT < LAST
    assert fit_day(CUTOFFS[0]) == REFIT - pd.Timedelta(days=REFIT_EVERY_DAYS)


@every_candidate
@pytest.mark.parametrize("cutoff", [CUTOFFS[0], LAST], ids=["before a refit day", "last day"])
def test_a_poisoned_future_changes_nothing(name: str, cutoff: pd.Timestamp) -> None:
    expected, bad = alone(name, cutoff), answer(name, poisoned_after(cutoff), [cutoff])
    pd.testing.assert_frame_equal(bad.by_cutoff[cutoff], expected.by_cutoff[cutoff], check_exact=True)
    assert bad.failures == expected.failures


@every_candidate
def test_each_reporting_series_has_every_lead_or_a_failure_with_a_reason(name: str) -> None:
    means = all_cutoffs(name)
    assert set(means.by_cutoff) >= set(CUTOFFS)
    for cutoff in CUTOFFS:
        frame = means.by_cutoff[cutoff]
        assert list(frame.index) == [cutoff + pd.Timedelta(days=lead) for lead in range(1, HORIZON + 1)]
        reports = {i for i in TABLE.columns if TABLE.loc[cutoff - pd.Timedelta(days=27) : cutoff, i].notna().any()}
        assert set(frame.columns) == reports
        for unique_id in frame.columns:
            made = np.isfinite(frame[unique_id]).all()
            assert made != bool(means.failures.get((cutoff, unique_id), "")), (cutoff, unique_id)
            if not made:
                assert frame[unique_id].isna().all()


@every_candidate
def test_awkward_series_are_forecast_near_their_level(name: str) -> None:
    frame = all_cutoffs(name).by_cutoff[LAST]
    for unique_id, expected in OF_FLOWS.get(name, LEVELS).items():
        assert frame[unique_id].mean() == pytest.approx(expected, rel=0.15, abs=0.5), unique_id


@every_candidate
def test_a_second_request_gives_the_same_numbers(name: str) -> None:
    once, again = all_cutoffs(name), answer(name, clean(), CUTOFFS)
    for cutoff in CUTOFFS:
        pd.testing.assert_frame_equal(once.by_cutoff[cutoff], again.by_cutoff[cutoff], check_exact=True)
    assert once.failures == again.failures


@every_candidate
def test_the_order_of_rows_and_places_changes_nothing(name: str) -> None:
    ordered, mixed = alone(name, LAST), answer(name, reordered(), [LAST])
    pd.testing.assert_frame_equal(mixed.by_cutoff[LAST], ordered.by_cutoff[LAST], check_exact=True)


@every_candidate
def test_a_cutoff_has_the_same_means_alone_and_among_others(name: str) -> None:
    together = all_cutoffs(name)
    for cutoff in (CUTOFFS[0], LAST):
        single = alone(name, cutoff)
        pd.testing.assert_frame_equal(together.by_cutoff[cutoff], single.by_cutoff[cutoff], rtol=1e-9, atol=1e-9)
        assert {k: v for k, v in together.failures.items() if k[0] == cutoff} == single.failures


def test_a_week_old_series_has_a_fallback() -> None:
    frame = all_cutoffs("SeasonalNaive").by_cutoff[LAST]
    week = TABLE[YOUNG].tail(7).to_list()
    assert frame[YOUNG].to_list() == week + week
