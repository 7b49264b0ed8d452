"""Names of candidates, the refit grid, and combinations."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, four_sites
from training.errors import UsageError
from training.models.candidate import REFIT_EVERY_DAYS, ForecastRequest, by_fit_day, fit_day, target_days
from training.models.catalogue import (
    CATALOGUE,
    COMPARED_CANDIDATES,
    DEFAULT_CANDIDATE,
    FALLBACK,
    Combination,
    candidate_names,
)
from training.models.regression import Regression, level
from training.pipeline.means import MeansCache
from training.system.model import SystemContext

DAY = pd.Timedelta(days=1)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, [DEFAULT_CANDIDATE, *COMPARED_CANDIDATES]),
        ("AutoETS", ["AutoETS"]),
        ("seasonal_naive,autoets", ["SeasonalNaive", "AutoETS"]),
        (" Ridge , MEAN ", ["Ridge", "Mean"]),
        ("SEASONALNAIVE", ["SeasonalNaive"]),
    ],
)
def test_candidates_are_named_in_any_case(wanted: str | None, names: list[str]) -> None:
    assert candidate_names(wanted) == names


@pytest.mark.parametrize("wanted", ["Prophet", "Ridge,Prophet", "Ridge,", ""])
def test_a_name_that_is_not_in_the_catalogue_is_rejected_with_those_that_are(wanted: str) -> None:
    with pytest.raises(UsageError, match=rf"the catalogue has {', '.join(CATALOGUE)}\.$"):
        candidate_names(wanted)


def test_the_fallback_and_the_candidates_of_training_are_in_the_catalogue() -> None:
    assert {FALLBACK, DEFAULT_CANDIDATE, *COMPARED_CANDIDATES} <= set(CATALOGUE)


def test_the_refit_grid_is_the_same_for_every_run() -> None:
    days = pd.date_range("2022-01-01", periods=3 * REFIT_EVERY_DAYS, freq="D")
    fits = [fit_day(day) for day in days]
    assert len(set(fits)) in (3, 4)
    assert all(0 <= (day - fit).days < REFIT_EVERY_DAYS for day, fit in zip(days, fits, strict=True))
    assert all(fit_day(fit) == fit for fit in fits)
    assert {(b - a).days for a, b in pairwise(fits)} == {0, REFIT_EVERY_DAYS}


def test_cutoffs_of_one_refit_day_are_grouped_in_order() -> None:
    first = fit_day(pd.Timestamp("2022-06-01"))
    groups = by_fit_day([first + 3 * DAY, first - DAY, first])
    assert groups == {first - REFIT_EVERY_DAYS * DAY: [first - DAY], first: [first, first + 3 * DAY]}


def test_target_days_are_leads_one_to_horizon() -> None:
    assert [str(day.date()) for day in target_days(pd.Timestamp("2022-02-27"), 3)] == (
        ["2022-02-28", "2022-03-01", "2022-03-02"]
    )


def test_a_series_is_scaled_to_its_last_eight_weeks_and_never_by_less_than_one_count() -> None:
    days = pd.date_range("2022-01-01", periods=60, freq="D")
    filled = pd.DataFrame({"A": [1e9] * 4 + [50.0] * 56, "zero": 0.0, "small": 0.25}, index=days)
    assert level(filled).to_dict() == {"A": 50.0, "zero": 1.0, "small": 1.0}


def test_the_combination_is_halfway_between_its_members() -> None:
    history = build_history(four_sites(120))
    cutoff = pd.Timestamp(history.latest.index[-1])
    cache = MeansCache(history, 7)
    combination = CATALOGUE["Mean"]
    assert isinstance(combination, Combination)
    names = ("Mean", *combination.members)
    mean, one, other = (cache.make(name, [cutoff]).by_cutoff[cutoff] for name in names)
    np.testing.assert_allclose(mean, one + (other[one.columns] - one) / 2)


def test_a_regression_forecasts_bank_holidays_that_it_was_fitted_to() -> None:
    """A ward that is empty on bank holidays: the queen's funeral, one more bank holiday, is forecast as one."""
    table = four_sites(420)  # to 26 February 2023
    from_holidays = table.index.isin(
        pd.to_datetime(
            ["2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29"]
        )
    )
    table.loc[from_holidays] = 0.0
    cutoff = pd.Timestamp("2022-09-15")
    candidate = CATALOGUE["Ridge"]
    assert isinstance(candidate, Regression)
    with_holidays, without = (
        candidate.forecast(ForecastRequest(history, [cutoff], 7)).by_cutoff[cutoff]
        for history in (build_history(table), build_history(table, context=SystemContext()))
    )
    funeral = pd.Timestamp("2022-09-19")
    assert (with_holidays.loc[funeral] < 0.6 * without.loc[funeral]).all()
