"""For any tree: parents are the sums of their children, and every number can be published."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from publication.invariants import check
from publication.model import Champion, System
from tests.unit.pipeline.histories import build_history, build_system, counts
from training.backtest.baselines import actuals
from training.models.candidate import FitCache
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import as_publication

HORIZON = 4
N_DAYS = 75
Tree = tuple[System, dict[str, int]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Draw a tree up to three places deep, and the level of each series that reports, some with streams."""
    parents: dict[str, str] = {}
    leaves: list[str] = []
    for t in range(draw(st.integers(1, 3))):
        parents[f"T{t}"] = "north"
        sites = draw(st.integers(0, 2))
        for s in range(sites):
            parents[f"T{t}S{s}"] = f"T{t}"
            wards = [f"T{t}S{s}W{w}" for w in range(draw(st.integers(0, 2)))]
            parents |= dict.fromkeys(wards, f"T{t}S{s}")
            leaves += wards or [f"T{t}S{s}"]
        leaves += [] if sites else [f"T{t}"]
    levels: dict[str, int] = {}
    for leaf in leaves:
        for measure in draw(st.sets(st.sampled_from(["attendances", "occupancy"]), min_size=1)):
            for stream in draw(st.sampled_from([("",), ("/adult", "/child"), ("/adult",)])):
                levels[f"{leaf}/{measure}{stream}"] = draw(st.sampled_from([0, 1, 30, 900]))
    return build_system(parents, HORIZON), levels


@settings(max_examples=20)
@given(tree=trees(), seed=st.integers(0, 2**16), holes=st.sampled_from([0.0, 0.2, 0.7]))
def test_every_published_number_is_sound_and_parents_add_up(tree: Tree, seed: int, holes: float) -> None:
    system, levels = tree
    table = pd.DataFrame({name: counts(N_DAYS, level, seed + i) for i, (name, level) in enumerate(levels.items())})
    table = table.mask(np.random.default_rng(seed).random(table.shape) < holes)
    table.iloc[-1] = table.iloc[-1].fillna(1.0)
    history, cutoff = build_history(table, system), pd.Timestamp(table.index[-1])
    forecast = Forecaster(history, HORIZON).forecast({}, cutoff)

    assert np.isfinite(forecast.means.to_numpy()).all()
    assert np.isfinite(forecast.quantiles).all()
    assert (forecast.quantiles >= 0).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    for place in system.places:  # all leaves below a place, with their streams
        below = set(system.under(place.id))
        for measure in ("attendances", "occupancy"):
            parts = [i for i in levels if i.split("/")[0] in below and i.split("/")[1] == measure]
            if parts:
                parent = forecast.means[f"{place.id}/{measure}"]
                np.testing.assert_allclose(parent, forecast.means[parts].sum(axis=1), atol=1e-6)
    recent = actuals(history, forecast.parts, pd.date_range(end=cutoff, periods=56, freq="D"))
    champion, now = Champion("north", 1, "run"), datetime(2022, 6, 1, tzinfo=UTC)
    check(as_publication(forecast, history, FitCache(), recent, champion, "sha256:data", now))
