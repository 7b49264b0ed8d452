"""A small system whose versions tests register, and how they are trained."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

from tests.unit.pipeline.histories import ENGLISH, LEVELS, build_system, four_sites
from training.backtest.evaluation import NO_SUMMARY, BacktestSummary
from training.frames import long
from training.history.point_in_time import known_at_day_end
from training.pipeline.forecaster import Forecaster
from training.pipeline.state import PipelineState
from training.tracking.provenance import HistorySnapshot, code_version
from training.tracking.registry import Registered, Registry
from training.tracking.runs import run
from training.tracking.versions import Version, identity_of

DIGEST = "sha256:" + "0123456789abcdef" * 4
HORIZON = 7
SYSTEM = build_system(horizon_days=HORIZON)
TABLE = four_sites(110)
CUTOFF = pd.Timestamp(TABLE.index[-1])
RECIPE = {"attendances": "SeasonalNaive", "occupancy": "SeasonalNaive"}
FORECASTER = Forecaster(known_at_day_end(long(TABLE), SYSTEM, ENGLISH), HORIZON)


def summary(wis: float) -> BacktestSummary:
    return replace(NO_SUMMARY, windows={"2022-04-01": wis})


@lru_cache
def trained() -> tuple[PipelineState, pd.DataFrame]:
    """Return the state that every version is saved with, and its forecasts: the same for all, and to be read only."""
    forecaster = Forecaster(FORECASTER.history, HORIZON)
    answer = forecaster.forecast(RECIPE, CUTOFF).rows(LEVELS)
    return forecaster.state(RECIPE, CUTOFF), answer


def train(tracking_uri: str, system: str, registry: Registry, champion: Registered | None = None) -> int:
    """A run that registers a version."""
    version = Version(
        system=SYSTEM,
        identity=identity_of(FORECASTER.history, ("daily",), date(2022, 4, 22)),
        context=ENGLISH,
        recipe=RECIPE,
        trained_to=date(2022, 4, 22),
        data_digest="sha256:abc",
        code_version=code_version(),
        summary=summary(0.5),
        champion_summary=None if champion is None else summary(0.7),
        compared_with=None if champion is None else champion.ref.version,
    )
    state, answer = trained()
    with run(tracking_uri, "train", "train", {"windows": 1}, snapshot_of(system)):
        return registry.register(version, state, long(TABLE.tail(70)), answer)


def snapshot_of(system: str) -> HistorySnapshot:
    return HistorySnapshot(system, Path("/history"), DIGEST, datetime(2022, 4, 23, 5, tzinfo=UTC))


def aliases(tracking_uri: str, system: str) -> dict[str, int]:
    """Return the aliases of the registry itself."""
    found = MlflowClient(tracking_uri, tracking_uri).get_registered_model(system).aliases
    return {alias: int(version) for alias, version in found.items()}


def promoted(tracking_uri: str, system: str, registry: Registry) -> int:
    """A version that was trained, and is the champion."""
    number = train(tracking_uri, system, registry)
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {}, "2026-03-03")
    return number
