"""A saved state changes nothing: forecasts with it equal forecasts without, for any revision of the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.histories import ENGLISH, build_system, counts, versions
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecaster import Forecaster
from training.system.model import Event, EventKind, SystemContext

HORIZON = 4
N_DAYS = 96
SERIES = ("A/attendances", "B/attendances", "A/occupancy")
RECIPES = ("SeasonalNaive", "CalendarLevel", "AutoETS", "Ridge", "Weighted")
PARENTS = {"T1": "north", "T2": "north", "A": "T1", "B": "T1"}
A_DIGIT = 1.001e-3  # of a published number, which may round either way


@dataclass(frozen=True)
class Known:
    """The data of a hospital known by one day: counts, the context of its system file, and the tree."""

    table: pd.DataFrame
    context: SystemContext = ENGLISH
    parents: tuple[tuple[str, str], ...] = tuple(PARENTS.items())

    def history(self, horizon: int = HORIZON) -> PointInTimeHistory:
        system = build_system(dict(self.parents), horizon)
        return PointInTimeHistory(versions(self.table), system, context=self.context)


Change = Callable[[Known, np.random.Generator], Known]


def revised(known: Known, random: np.random.Generator) -> Known:
    """Change one value of one past day."""
    table = known.table.copy()
    row, column = int(random.integers(0, len(table))), int(random.integers(0, table.shape[1]))
    table.iloc[row, column] = float(random.integers(1, 120))
    return replace(known, table=table)


def filled(known: Known, random: np.random.Generator) -> Known:
    """Fill in the days that were missing."""
    fresh = hospital(0)
    return replace(known, table=known.table.fillna(fresh.reindex(known.table.index)))


def shortened(known: Known, random: np.random.Generator) -> Known:
    """Remove the first days of a series, or its last ones."""
    table = known.table.copy()
    n = int(random.integers(1, 12))
    rows = slice(None, n) if random.random() < 0.5 else slice(-n, None)
    table.iloc[rows, int(random.integers(0, table.shape[1]))] = np.nan
    return replace(known, table=table)


def reparented(known: Known, random: np.random.Generator) -> Known:
    """Move a site to another trust."""
    return replace(known, parents=tuple({**dict(known.parents), "B": "T2"}.items()))


def excluded(known: Known, random: np.random.Generator) -> Known:
    return _with_event(known, random, EventKind.EXCLUDE)


def struck(known: Known, random: np.random.Generator) -> Known:
    return _with_event(known, random, EventKind.STRIKE)


def grown(known: Known, random: np.random.Generator) -> Known:
    """Let a site report for the first time."""
    return replace(known, table=known.table.assign(**{"B/occupancy": counts(len(known.table), 70, 9).to_numpy()}))


def unchanged(known: Known, random: np.random.Generator) -> Known:
    return known


def _with_event(known: Known, random: np.random.Generator, kind: EventKind) -> Known:
    first: date = known.table.index[int(random.integers(0, len(known.table)))].date()
    event = Event(first, first + timedelta(days=int(random.integers(0, 9))), "T1", None, kind, "")
    return replace(known, context=replace(known.context, events=(*known.context.events, event)))


CHANGES: tuple[Change, ...] = (revised, filled, shortened, reparented, excluded, struck, grown, unchanged)


def hospital(seed: int) -> pd.DataFrame:
    levels = dict(zip(SERIES, (40, 90, 200), strict=True))
    return pd.DataFrame({name: counts(N_DAYS, mean, seed + i) for i, (name, mean) in enumerate(levels.items())})


def check(recipe: str, changes: Sequence[Change], later_days: int, gap: tuple[int, int], seed: int) -> None:
    """Train on the data known some days before the last, change them, and forecast with and without the saved state."""
    random = np.random.default_rng(seed)
    table = hospital(0)
    table.iloc[gap[0] : sum(gap), 0] = np.nan
    first = Known(table.iloc[: N_DAYS - later_days])
    trained, recipes = pd.Timestamp(first.table.index[-1]), {"attendances": recipe, "occupancy": recipe}
    forecaster = Forecaster(first.history(), HORIZON)
    forecaster.forecast(recipes, trained)
    state = forecaster.state(recipes, trained)
    known = Known(table)
    for change in changes:
        known = change(known, random)
    cutoff = pd.Timestamp(known.table.dropna(how="all").index[-1])
    saved, anew = (
        Forecaster(known.history(), HORIZON, state=state_or_none).forecast(recipes, cutoff)
        for state_or_none in (state, None)
    )
    np.testing.assert_allclose(saved.means.to_numpy(), anew.means.to_numpy(), rtol=1e-6, atol=A_DIGIT)
    np.testing.assert_allclose(saved.quantiles, anew.quantiles, rtol=1e-6, atol=A_DIGIT)
    assert (saved.models, saved.reasons.keys()) == (anew.models, anew.reasons.keys())


HISTORIES = {
    "recipe": st.sampled_from(RECIPES),
    "changes": st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3),
    "later_days": st.integers(0, 5),
    "gap": st.tuples(st.integers(20, 80), st.integers(0, 14)),
    "seed": st.integers(0, 2**16),
}
QUIETLY = [HealthCheck.too_slow]


@settings(max_examples=4, deadline=None, suppress_health_check=QUIETLY, derandomize=True)
@given(**HISTORIES)
def test_a_saved_state_changes_nothing_that_is_published(
    recipe: str, changes: list[Change], later_days: int, gap: tuple[int, int], seed: int
) -> None:
    check(recipe, changes, later_days, gap, seed)


@pytest.mark.histories
@settings(max_examples=200, deadline=None, suppress_health_check=QUIETLY)
@given(**HISTORIES)
def test_a_saved_state_changes_nothing_over_two_hundred_histories(
    recipe: str, changes: list[Change], later_days: int, gap: tuple[int, int], seed: int
) -> None:
    check(recipe, changes, later_days, gap, seed)
