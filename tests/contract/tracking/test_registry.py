"""Runs and the registry, on a real MLflow server and on a SQLite database alone."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from publication.vocabulary import CHALLENGER, CHAMPION
from tests.contract.tracking.servers import mlflow_server
from tests.unit.pipeline.histories import ENGLISH, HOLIDAYS, LEVELS, build_system, four_sites
from training.backtest.evaluation import evaluated
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales, overall, scores
from training.errors import NothingPublishedError, UsageError
from training.frames import long
from training.history.known import known_at_day_end
from training.pipeline import Forecaster
from training.tracking.client import connect
from training.tracking.code import code_version
from training.tracking.registry import Registered, Registry
from training.tracking.runs import log_backtest, log_data_report, run

# The library's own: type hints, deprecated parts, and database connections left to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HORIZON = 7
SYSTEM = build_system(horizon_days=HORIZON)
TABLE = four_sites(110)
CUTOFF = pd.Timestamp(TABLE.index[-1])
RECIPE = {"attendances": "SeasonalNaive", "occupancy": "SeasonalNaive"}
FORECASTER = Forecaster(known_at_day_end(long(TABLE), SYSTEM, ENGLISH), HORIZON)


@pytest.fixture(scope="module", params=["server", "database"])
def tracking_uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow reached over HTTP, and without a server; the process is left as it was."""
    folder = tmp_path_factory.mktemp(request.param)
    environ, levels = dict(os.environ), {name: logging.getLogger(name).level for name in ("mlflow", "alembic")}
    try:
        if request.param == "server":
            with mlflow_server(folder) as address:
                yield address
        else:
            yield f"sqlite:///{folder / 'mlflow.db'}"
    finally:
        os.environ.clear()
        os.environ.update(environ)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def system(tracking_uri: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A system of the test's own, connected."""
    name = request.node.originalname.removeprefix("test_")[:40]
    connect(tracking_uri, tmp_path / "artifacts", name)
    return str(name)


def train(tracking_uri: str, system: str, wis: float = 0.5, champion: Registered | None = None) -> int:
    """A run that registers a version."""
    description = {
        "system": asdict(SYSTEM),
        "holidays": HOLIDAYS,
        "recipe": RECIPE,
        "trained_to": "2022-04-22",
        "scores": {"scaled_wis": wis, "fallback_share": 0.0},
        "champion_scores": None if champion is None else {"scaled_wis": 0.7},
        "compared_with": None if champion is None else champion.champion.version,
    }
    example = long(TABLE.tail(70))
    answer = FORECASTER.forecast(RECIPE, CUTOFF).rows(LEVELS)
    with run(tracking_uri, "train", {"windows": 1}, "sha256:abc") as run_id:
        return Registry(tracking_uri, system).register(run_id, description, example, answer)


def aliases(tracking_uri: str, system: str) -> dict[str, int]:
    """What the registry itself says."""
    found = MlflowClient(tracking_uri, tracking_uri).get_registered_model(system).aliases
    return {alias: int(version) for alias, version in found.items()}


def test_a_run_is_recorded_whole(tracking_uri: str, system: str) -> None:
    cutoffs = [pd.Timestamp(day) for day in TABLE.index[[-20, -14]]]
    frame = backtest_candidate(FORECASTER, cutoffs, "SeasonalNaive")
    scales = mase_scales(FORECASTER.history, cutoffs[0])
    table = scores(frame, scales, LEVELS)
    with run(tracking_uri, "backtest to 2022-04-08", {"windows": 2, "horizon": HORIZON}, "sha256:abc") as run_id:
        log_backtest(tracking_uri, {"naive": frame}, evaluated({"naive": frame}, FORECASTER.history, cutoffs[0]))
        log_data_report(tracking_uri, "<h1>north</h1>")
    client = MlflowClient(tracking_uri, tracking_uri)
    kept = client.get_run(run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "backtest to 2022-04-08"
    assert kept.data.params == {"windows": "2", "horizon": "7"}
    assert kept.data.tags["headroom.data_digest"] == "sha256:abc"
    assert kept.data.tags["headroom.code_version"] == code_version()
    experiment = client.get_experiment_by_name(system)
    assert experiment is not None
    assert kept.info.experiment_id == experiment.experiment_id
    expected = table.set_index("measure").loc["attendances", "mase"]
    assert kept.data.metrics["naive/attendances/01-07/mase"] == expected
    assert {artifact.path for artifact in client.list_artifacts(run_id)} == {
        "backtest",
        "charts.html",
        "data-report.html",
    }
    assert {artifact.path for artifact in client.list_artifacts(run_id, "backtest")} == {
        "backtest/naive.parquet",
        "backtest/leaderboard.csv",
        "backtest/leaderboard.html",
        "backtest/scores.csv",
    }
    file = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="backtest/naive.parquet")
    read = pd.read_parquet(file)
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    assert overall(read, scales, LEVELS) == overall(frame, scales, LEVELS)


@pytest.mark.usefixtures("system")
def test_a_run_that_fails_is_recorded_as_failed(tracking_uri: str) -> None:
    with pytest.raises(ZeroDivisionError), run(tracking_uri, "broken", {}, "sha256:abc") as run_id:
        raise ZeroDivisionError
    assert MlflowClient(tracking_uri, tracking_uri).get_run(run_id).info.status == "FAILED"
    assert mlflow.active_run() is None


def test_aliases_move_from_challenger_to_champion_and_back(tracking_uri: str, system: str) -> None:
    registry = Registry(tracking_uri, system)
    assert (registry.champion(), registry.challenger()) == (None, None)
    with pytest.raises(NothingPublishedError, match="no version is the champion"):
        registry.publishing()

    first = train(tracking_uri, system)
    assert aliases(tracking_uri, system) == {CHALLENGER: first}
    challenger = registry.challenger()
    assert challenger is not None
    assert (challenger.recipe, challenger.scores["scaled_wis"]) == (RECIPE, 0.5)
    assert (challenger.champion_scores, challenger.compared_with) == (None, None)
    registry.promote(challenger, {"headroom.verdict": "open"})
    assert aliases(tracking_uri, system) == {CHAMPION: first}
    with pytest.raises(UsageError, match="followed no other, so there is no step back"):
        registry.roll_back()

    second = train(tracking_uri, system, 0.4, registry.champion())
    assert aliases(tracking_uri, system) == {CHAMPION: first, CHALLENGER: second}
    challenger = registry.challenger()
    assert challenger is not None
    assert (challenger.compared_with, challenger.champion_scores) == (first, {"scaled_wis": 0.7})
    registry.promote(challenger, {"headroom.verdict": "forced", "headroom.reason": "a drill"})
    assert aliases(tracking_uri, system) == {CHAMPION: second}
    kept = MlflowClient(tracking_uri, tracking_uri).get_model_version(system, str(second)).tags
    assert kept["headroom.reason"] == "a drill"

    assert registry.publishing().champion.version == second
    assert registry.roll_back().version == first
    assert aliases(tracking_uri, system) == {CHAMPION: first}
    assert registry.publishing().champion.name == system


def test_the_registered_model_gives_the_numbers_of_the_pipeline(tracking_uri: str, system: str) -> None:
    registry = Registry(tracking_uri, system)
    train(tracking_uri, system)
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {})
    model = mlflow.pyfunc.load_model(f"models:/{system}@champion")
    cutoff = CUTOFF - pd.Timedelta(days=3)
    answered = model.predict(long(TABLE.loc[:cutoff]))
    expected = FORECASTER.forecast(RECIPE, cutoff).rows(LEVELS)
    pd.testing.assert_frame_equal(answered, expected, check_exact=True)


def test_nothing_that_is_registered_is_unpickled(tracking_uri: str, system: str) -> None:
    train(tracking_uri, system)
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{system}@challenger"))
    kept = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {name for name in kept if name.endswith((".pkl", ".pickle", ".joblib"))} == set()
    [recipe] = folder.rglob("recipe.json")
    assert json.loads(recipe.read_text(encoding="utf-8"))["recipe"] == RECIPE
