"""The pipeline across a merger: nothing of it is seen before, and nothing of what was saved before is wrong after."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import LEVELS, POISON, build_system, counts, versions
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import Candidate, ForecastRequest, Means
from training.models.catalogue import CATALOGUE
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.state import read_state
from training.system.model import OpeningPeriod, SystemContext

HORIZON = 7
N_DAYS = 200
SYSTEM = build_system({"T": "north", "A": "T", "B": "T", "M": "T", "C": "north"}, HORIZON)
OPENED = pd.Timestamp("2022-07-01")
EVE = OPENED - pd.Timedelta(days=1)
MERGER = {"A": OpeningPeriod(last=EVE.date()), "B": OpeningPeriod(last=EVE.date()),
          "M": OpeningPeriod(OPENED.date(), succeeds=("A", "B"))}  # fmt: skip
CANDIDATES = ("CalendarLevel", "AutoETS", "Ridge", "Weighted")


def reported(later: float | None = None) -> pd.DataFrame:
    """A and B until the eve of their merger, M from then on, C throughout; `later` is every count from then on."""
    levels = {"A": 40, "B": 60, "C": 80, "M": 100}
    table = pd.DataFrame({f"{p}/attendances": counts(N_DAYS, level, i) for i, (p, level) in enumerate(levels.items())})
    if later is not None:
        table.loc[OPENED:] = later
    table.loc[OPENED:, ["A/attendances", "B/attendances"]] = np.nan
    table.loc[:EVE, "M/attendances"] = np.nan
    return table


def history(
    table: pd.DataFrame | None = None,
    periods: Mapping[str, OpeningPeriod] = MERGER,
    issued_for: pd.Timestamp | None = None,
) -> PointInTimeHistory:
    rows = versions(reported() if table is None else table)
    return PointInTimeHistory(rows, SYSTEM, issued_for, SystemContext(opening_periods=periods))


def forecast(known: PointInTimeHistory, cutoff: pd.Timestamp, candidate: str) -> Forecast:
    return Forecaster(known, HORIZON).forecast({"attendances": candidate}, cutoff)


def assert_same(found: Forecast, expected: Forecast) -> None:
    """Bit for bit: means, quantiles, models and sums."""
    pd.testing.assert_frame_equal(found.rows(LEVELS), expected.rows(LEVELS), check_exact=True)
    pd.testing.assert_frame_equal(found.parts, expected.parts)
    np.testing.assert_array_equal(found.paths.complete().values, expected.paths.complete().values)


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("days_before", [1, 20])
def test_a_later_merger_changes_nothing_that_is_published(candidate: str, days_before: int) -> None:
    """Against a system that never lists the merger, and whose history ends with the cutoff."""
    cutoff = OPENED - pd.Timedelta(days=days_before)
    then = forecast(history(reported().loc[:cutoff], {}), cutoff, candidate)
    assert {"A/attendances", "B/attendances"} <= set(then.means.columns)
    assert_same(forecast(history(), cutoff, candidate), then)
    assert_same(forecast(history(reported(later=POISON)), cutoff, candidate), then)
    assert_same(forecast(history(issued_for=cutoff), cutoff, candidate), then)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_after_the_merger_all_is_as_if_the_place_had_always_been_one(candidate: str) -> None:
    """The windows before the merger too: the forecast is that of a history of sums."""
    cutoff = OPENED + pd.Timedelta(days=9)
    table = reported()
    both = table["A/attendances"] + table["B/attendances"]
    table["M/attendances"] = table["M/attendances"].fillna(both)
    always = history(table.drop(columns=["A/attendances", "B/attendances"]), {})
    assert_same(forecast(history(), cutoff, candidate), forecast(always, cutoff, candidate))


def test_cutoffs_on_both_sides_of_a_merger_are_prepared_together() -> None:
    cutoffs = [EVE - pd.Timedelta(days=8), EVE, OPENED, OPENED + pd.Timedelta(days=8)]
    together = Forecaster(history(), HORIZON)
    together.prepare(iter(["Ridge"]), cutoffs)
    for cutoff in reversed(cutoffs):
        made = together.forecast({"attendances": "Ridge"}, cutoff)
        assert made.reasons == {}
        assert_same(made, forecast(history(), cutoff, "Ridge"))
    assert together.seconds("Ridge") > 0


class Counting:
    """A candidate that remembers the series of each cutoff that it is asked for, and passes the request on."""

    def __init__(self, inner: Candidate) -> None:
        self._inner = inner
        self.requested: set[tuple[pd.Timestamp, str]] = set()

    def forecast(self, request: ForecastRequest) -> Means:
        self.requested |= {(c, ",".join(request.history.as_of(c).columns)) for c in request.cutoffs}
        return self._inner.forecast(request)


def test_means_are_prepared_with_the_places_of_each_cutoff(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(cast(Candidate, CATALOGUE["SeasonalNaive"]))
    monkeypatch.setitem(CATALOGUE, "SeasonalNaive", counting)
    forecaster = Forecaster(history(), HORIZON)
    forecaster.prepare(["SeasonalNaive"], [EVE, OPENED])
    assert (EVE, "A/attendances,B/attendances,C/attendances") in counting.requested
    assert {series for cutoff, series in counting.requested if cutoff == OPENED} == {"C/attendances,M/attendances"}
    counting.requested.clear()
    for cutoff in (EVE, OPENED):
        forecaster.forecast({"attendances": "SeasonalNaive"}, cutoff)
    assert counting.requested == set()


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_means_saved_before_a_merger_are_not_those_of_the_merged_place(candidate: str, tmp_path: Path) -> None:
    """The state of the eve, written and read again; the day after, and the eve itself once more."""
    recipe = {"attendances": candidate}
    before = Forecaster(history(reported().loc[:EVE]), HORIZON)
    before.forecast(recipe, EVE)
    before.state(recipe, EVE).write(tmp_path)
    state = read_state(tmp_path)
    for cutoff in (OPENED, EVE):
        with_state = Forecaster(history(), HORIZON, state=state)
        assert_same(with_state.forecast(recipe, cutoff), forecast(history(), cutoff, candidate))


def test_a_series_that_is_behind_at_a_cutoff_before_a_merger_is_behind_in_its_windows() -> None:
    table = reported()
    cutoff = OPENED - pd.Timedelta(days=12)
    table.loc[cutoff - pd.Timedelta(days=1) : cutoff, "A/attendances"] = np.nan
    known = history(table)
    assert known.with_places_at(cutoff).days_behind(cutoff) == {"A/attendances": 2}
    then = history(table.loc[:cutoff], {})
    assert_same(forecast(known, cutoff, "AutoETS"), forecast(then, cutoff, "AutoETS"))


def test_a_place_that_moved_twice_is_seen_as_it_was_each_time() -> None:
    """M itself becomes N: three trees, whose sums are of all that reports."""
    renamed = pd.Timestamp("2022-07-10")
    system = build_system({"T": "north", "A": "T", "B": "T", "M": "T", "N": "T", "C": "north"}, HORIZON)
    last = date(2022, 7, 9)
    periods = {**MERGER, "M": OpeningPeriod(OPENED.date(), last, ("A", "B")),
               "N": OpeningPeriod(renamed.date(), succeeds=("M",))}  # fmt: skip
    table = reported()
    table["N/attendances"] = table["M/attendances"].loc[renamed:]
    table.loc[renamed:, "M/attendances"] = np.nan
    known = PointInTimeHistory(versions(table), system, context=SystemContext(opening_periods=periods))
    forecaster = Forecaster(known, HORIZON)
    sites = {EVE: {"A", "B", "C"}, OPENED: {"M", "C"}, renamed: {"N", "C"}}
    for cutoff, places in sites.items():
        made = forecaster.forecast({"attendances": "SeasonalNaive"}, cutoff)
        assert set(made.parts.index) == {f"{place}/attendances" for place in places}
        week = table.loc[cutoff - pd.Timedelta(days=6) : cutoff].sum(axis=1)
        assert made.means["north/attendances"].to_list() == week.to_list()
