"""With any history or library failure, every series has quantiles to publish, under the name of their model."""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, counts
from training.models.candidate import fit_day
from training.models.catalogue import CATALOGUE, FALLBACK
from training.models.statistical import Statistical
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.system.model import SystemContext

HORIZON = 10
N_DAYS = 126
CUTOFF = counts(N_DAYS, 1, 0).index[-1]
ORDINARY = {"A/attendances": counts(N_DAYS, 60, 1), "B/attendances": counts(N_DAYS, 25, 2)}
BY_SERIES = ("SeasonalNaive", "AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "MSTL")
OF_OTHER_MEASURES = ("FlowBalance", "Conversion", "BoostedLevel")  # they fail for attendances of so few days
every_candidate = pytest.mark.parametrize("name", list(CATALOGUE))


def hostile() -> dict[str, pd.Series]:
    """Return histories that no model was made for."""
    rng = np.random.default_rng(5)
    noisy = counts(N_DAYS, 40, 3)
    alternating = pd.Series(np.arange(N_DAYS) % 2.0, noisy.index)
    return {
        "constant": noisy * 0.0 + 20.0,
        "zero": noisy * 0.0,
        "week_old": noisy.tail(7),
        "gappy": noisy.mask(rng.random(N_DAYS) < 0.3),
        "four_months_out": noisy.mask((np.arange(N_DAYS) >= 1) & (np.arange(N_DAYS) < N_DAYS - 4)),
        "exploding": pd.Series((2.0 ** (np.arange(N_DAYS) / 7)).round(), noisy.index),
        "one_value": noisy.tail(1),
        "alternating": alternating,
        "huge": noisy * 1e7 / 40,
        "woken": noisy.where(np.arange(N_DAYS) >= N_DAYS - 20, 0.0),
    }


@lru_cache
def forecast(name: str, with_hostile: bool, holidays: bool = True) -> Forecast:
    bad = {f"{place}/attendances": values for place, values in hostile().items()}
    table = pd.DataFrame(ORDINARY | (bad if with_hostile else {})).rename_axis("ds")
    places = {str(unique_id).partition("/")[0]: "north" for unique_id in table}
    context = {} if holidays else {"context": SystemContext()}
    forecaster = Forecaster(build_history(table, build_system(places, HORIZON), **context), HORIZON)
    return forecaster.forecast({"attendances": name}, CUTOFF)


def assert_publishable(made: Forecast, name: str) -> None:
    assert np.isfinite(made.means.to_numpy()).all()
    assert np.isfinite(made.quantiles).all()
    assert (made.quantiles >= 0).all()
    assert (np.diff(made.quantiles, axis=-1) >= 0).all()
    for unique_id, model in made.models.items():
        assert model == (FALLBACK if unique_id in made.reasons else name), unique_id
    assert all(len(reason) > len(name) for reason in made.reasons.values())


@every_candidate
def test_hostile_histories_have_publishable_quantiles_under_the_name_of_their_model(name: str) -> None:
    made = forecast(name, True)
    assert len(made.means.columns) == len(ORDINARY) + len(hostile()) + 1
    assert_publishable(made, name)
    if name not in OF_OTHER_MEASURES:
        assert not set(ORDINARY) & set(made.reasons), "ordinary series have the candidate's own means"


@every_candidate
def test_a_refit_day_on_which_no_series_was_known_is_no_error(name: str) -> None:
    cutoff = fit_day(CUTOFF) + pd.Timedelta(days=20)
    table = pd.DataFrame({"A/attendances": counts(N_DAYS, 60, 1).loc[:cutoff]})
    table.iloc[-61:-1] = np.nan
    history = build_history(table, build_system({"A": "north"}, HORIZON))
    assert history.as_of(fit_day(cutoff)).empty, "the grid's day is within the silence"
    made = Forecaster(history, HORIZON).forecast({"attendances": name}, cutoff)
    assert_publishable(made, name)
    assert not any("Error" in reason for reason in made.reasons.values()), made.reasons


@pytest.mark.parametrize("name", BY_SERIES)
def test_hostile_series_leave_the_means_of_others_exactly_as_they_are(name: str) -> None:
    with_bad, alone = (forecast(name, with_hostile, holidays=False) for with_hostile in (True, False))
    pd.testing.assert_frame_equal(with_bad.means[list(ORDINARY)], alone.means[list(ORDINARY)])


@pytest.mark.parametrize("name", BY_SERIES)
def test_hostile_series_hardly_change_others_through_shared_holidays(name: str) -> None:
    with_bad, alone = (forecast(name, with_hostile) for with_hostile in (True, False))
    pd.testing.assert_frame_equal(with_bad.means[list(ORDINARY)], alone.means[list(ORDINARY)], rtol=0.02)


class Faulty:
    """A library model that repeats the last week, and fails for series around 60."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def fit(self, y: np.ndarray) -> "Faulty":
        if self.fault == "raises" and 50 < y.mean() < 70:
            raise ZeroDivisionError("the Hessian is flat")
        return self

    def forward(self, y: np.ndarray, h: int) -> dict[str, np.ndarray]:
        means = np.resize(y[-7:], h)
        if not 50 < y.mean() < 70:
            return {"mean": means}
        wrong = {"nan": np.nan, "inf": np.inf, "negative": -3.0, "far below": -1e9, "far above": 1e9}
        if self.fault in wrong:
            means[2] = wrong[self.fault]
        return {"mean": means[:-1] if self.fault == "short" else means}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("raises", "Bad failed: ZeroDivisionError: the Hessian is flat"),
        ("nan", "Bad failed: it gave no number"),
        ("inf", "Bad failed: it gave no number"),
        ("short", f"Bad failed: it gave {HORIZON - 1} numbers for {HORIZON} days"),
        ("far below", "Bad went beyond"),
        ("far above", "Bad went beyond"),
        ("negative", None),
    ],
)
def test_a_library_model_that_fails_for_one_series_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch, fault: str, reason: str | None
) -> None:
    monkeypatch.setitem(CATALOGUE, "Good", Statistical(Faulty))
    monkeypatch.setitem(CATALOGUE, "Bad", Statistical(lambda: Faulty(fault)))
    system = build_system({"A": "north", "B": "north"}, HORIZON)
    forecaster = Forecaster(build_history(pd.DataFrame(ORDINARY), system), HORIZON)
    good, bad = (forecaster.forecast({"attendances": name}, CUTOFF) for name in ("Good", "Bad"))
    assert_publishable(bad, "Bad")
    assert bad.means["B/attendances"].to_list() == good.means["B/attendances"].to_list()
    if reason is None:
        assert bad.reasons == {}
        assert bad.means["A/attendances"].iloc[2] == 0.0
    else:
        assert set(bad.reasons) == {"A/attendances"}
        assert bad.reasons["A/attendances"].startswith(reason)
