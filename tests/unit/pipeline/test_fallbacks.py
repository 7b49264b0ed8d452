"""Silence is never the failure mode: a candidate that fails gives way to a labelled fallback that says why."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, four_sites
from training.models.candidate import ForecastRequest, Means
from training.models.catalogue import CATALOGUE, Combination, SeasonalNaive
from training.models.statistical import Statistical
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

HORIZON = 7
TABLE = four_sites(110)
CUTOFF = pd.Timestamp(TABLE.index[-1])
VICTIM = "B/attendances"
Spoil = Callable[[pd.DataFrame], None]


class Spoilt:
    """Seasonal naive plus one, of which something is spoilt in every window."""

    def __init__(self, spoil: Spoil) -> None:
        self.spoil = spoil

    def forecast(self, request: ForecastRequest) -> Means:
        means = SeasonalNaive().forecast(request)
        for cutoff, frame in means.by_cutoff.items():
            means.by_cutoff[cutoff] = frame + 1
            self.spoil(means.by_cutoff[cutoff])
        return means


class Raises:
    """Fails for every series."""

    def forecast(self, request: ForecastRequest) -> Means:
        raise RuntimeError("the library gave up")


class RaisingModel:
    """A library model that cannot be fitted to one series."""

    def fit(self, y: np.ndarray) -> "RaisingModel":
        raise ValueError("singular matrix")

    def forward(self, y: np.ndarray, h: int) -> dict[str, np.ndarray]:
        raise AssertionError("never fitted")


def one(value: float, lead: int | None = None) -> Spoil:
    def spoil(frame: pd.DataFrame) -> None:
        days = frame.index if lead is None else frame.index[[lead - 1]]
        frame.loc[days, VICTIM] = value

    return spoil


def nothing(frame: pd.DataFrame) -> None:
    """Leaves the frame as it is."""


def forecast(recipe: dict[str, str]) -> Forecast:
    return Forecaster(build_history(TABLE), HORIZON).forecast(recipe, CUTOFF)


@pytest.mark.parametrize(
    ("what", "spoil", "reason"),
    [
        ("no number at all", one(float("nan")), "Bad failed: it gave no number"),
        ("one lead without a number", one(float("nan"), 5), "Bad failed: it gave no number"),
        ("infinite", one(float("inf"), 2), "Bad failed: it gave no number"),
        ("minus infinite", one(float("-inf"), 2), "Bad failed: it gave no number"),
        ("explodes", one(1e7, 7), "Bad went beyond"),
        ("explodes downwards", one(-1e7, 7), "Bad went beyond"),
        ("leaves the series out", lambda frame: frame.drop(columns=VICTIM, inplace=True), "it gave no number"),
    ],
)
def test_one_series_fails_and_the_others_have_the_same_means(
    monkeypatch: pytest.MonkeyPatch, what: str, spoil: Spoil, reason: str
) -> None:
    monkeypatch.setitem(CATALOGUE, "Good", Spoilt(nothing))
    monkeypatch.setitem(CATALOGUE, "Bad", Spoilt(spoil))
    good, bad = forecast({"attendances": "Good"}), forecast({"attendances": "Bad"})
    naive = forecast({})
    assert set(bad.reasons) == {VICTIM}, what
    assert reason in bad.reasons[VICTIM]
    assert bad.models[VICTIM] == "SeasonalNaive"
    pd.testing.assert_series_equal(bad.means[VICTIM], naive.means[VICTIM])
    for unique_id in ("A/attendances", "C/attendances", "D/attendances", "T2/attendances", "A/occupancy"):
        position = good.means.columns.get_loc(unique_id)
        assert bad.means[unique_id].to_list() == good.means[unique_id].to_list()
        # The shape of the errors is fitted to one series fewer; the fallback's own errors are no part of it.
        np.testing.assert_allclose(bad.quantiles[position], good.quantiles[position], rtol=0.1, atol=6.0)
    rows = bad.rows([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    assert set(rows.loc[rows["fallback"], "unique_id"]) == {VICTIM}
    np.testing.assert_allclose(bad.means["T1/attendances"], bad.means[["A/attendances", VICTIM]].sum(axis=1))


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [(Raises(), "RuntimeError: the library gave up"), (Statistical(RaisingModel), "ValueError: singular matrix")],
)
def test_a_candidate_that_raises_leaves_every_series_of_its_measure_its_fallback(
    monkeypatch: pytest.MonkeyPatch, candidate: Raises | Statistical, reason: str
) -> None:
    monkeypatch.setitem(CATALOGUE, "Bad", candidate)
    bad, naive = forecast({"attendances": "Bad"}), forecast({})
    assert set(bad.reasons) == {i for i in TABLE.columns if i.endswith("/attendances")}
    assert set(bad.reasons.values()) == {f"Bad failed: {reason}"}
    pd.testing.assert_frame_equal(bad.means, naive.means)
    np.testing.assert_array_equal(bad.quantiles, naive.quantiles)


def test_a_combination_fails_where_a_member_does_and_says_which_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "Bad", Raises())
    monkeypatch.setitem(CATALOGUE, "Both", Combination(("SeasonalNaive", "Bad")))
    reasons = forecast({"attendances": "Both"}).reasons
    assert reasons[VICTIM] == "Both failed: RuntimeError: the library gave up"


def test_a_slightly_negative_mean_is_an_empty_ward_not_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "Low", Spoilt(one(-0.4)))
    low = forecast({"attendances": "Low"})
    assert low.reasons == {}
    assert (low.means[VICTIM] == 0.0).all()
