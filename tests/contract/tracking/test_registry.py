"""Runs and the registry, on a real MLflow server and on a SQLite database alone."""

import json
import platform
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from publication.model import Champion
from publication.vocabulary import CHALLENGER, CHAMPION
from tests.contract.tracking.registered import (
    CUTOFF,
    DIGEST,
    FORECASTER,
    HORIZON,
    RECIPE,
    TABLE,
    aliases,
    promoted,
    snapshot_of,
    summary,
    train,
)
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.pipeline.histories import LEVELS
from training.backtest.evaluation import evaluated
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales, overall, scores
from training.calibration.past_errors import windows_before
from training.errors import NothingPublishedError, OutOfReachError, UsageError, VersionUnreadableError
from training.frames import long
from training.tracking.comparison import MOST_METRICS
from training.tracking.provenance import code_version
from training.tracking.registry import Registry
from training.tracking.runs import BacktestedRecipe, close_orphaned_runs, log_backtest, log_data_report, run
from training.tracking.versions import ModelCache

pytestmark = MLFLOW_WARNINGS


def test_a_run_is_recorded_completely(tracking_uri: str, system: str) -> None:
    cutoffs = [pd.Timestamp(day) for day in TABLE.index[[-20, -14]]]
    frame = backtest_candidate(FORECASTER, cutoffs, "SeasonalNaive")
    scales = mase_scales(FORECASTER.history, cutoffs[0])
    table = scores(frame, scales, LEVELS)
    parameters = {"windows": 2, "horizon": HORIZON}
    with run(tracking_uri, "backtest", "backtest to 2022-04-08", parameters, snapshot_of(system)) as run_id:
        evaluation = evaluated({"naive": frame}, FORECASTER.history, cutoffs[0])
        fitted = FORECASTER.fitted(RECIPE, cutoffs[-1])
        log_backtest(tracking_uri, {"naive": BacktestedRecipe(frame, fitted, 1.5)}, evaluation)
        log_data_report(tracking_uri, "<h1>north</h1>")
    client = MlflowClient(tracking_uri, tracking_uri)
    logged = client.get_run(run_id)
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "backtest to 2022-04-08"
    assert logged.data.params == {"windows": "2", "horizon": "7"}
    assert logged.data.tags["headroom.data_digest"] == DIGEST
    assert logged.data.tags["headroom.as_of"] == "2022-04-23T05:00:00+00:00"
    assert logged.data.tags["headroom.python"] == platform.python_version()
    [seen] = logged.inputs.dataset_inputs if logged.inputs else []
    assert (seen.dataset.name, seen.dataset.digest) == (system, DIGEST[7:39])
    assert {tag.key: tag.value for tag in seen.tags}["as_of"] == "2022-04-23T05:00:00+00:00"
    assert logged.data.metrics["duration_seconds"] > 0
    assert logged.data.metrics["peak_memory_bytes"] > 1e7
    assert logged.data.tags["headroom.code_version"] == code_version()
    experiment = client.get_experiment_by_name(system)
    assert experiment is not None
    assert logged.info.experiment_id == experiment.experiment_id
    [child] = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'")
    assert child.info.run_name == "naive"
    windows = windows_before(FORECASTER.history, cutoffs[-1], HORIZON)
    assert child.data.params == {
        "candidate": "SeasonalNaive",
        "series": "10",
        "horizon": "7",
        "windows": "2",
        "step_days": "6",
        "first_cutoff": "2022-04-03",
        "last_cutoff": "2022-04-09",
        "history_days": "97",
        "refit_every_days": "56",
        "refit_day": "2022-04-03",
        "calibration_windows": str(len(windows)),
    }
    by_measure = table.set_index("measure")
    assert child.data.metrics["mase/attendances"] == by_measure.loc["attendances", "mase"]
    of_occupancy = by_measure.loc["occupancy", "scaled_wis"]
    assert child.data.metrics["scaled_wis by leads/occupancy 01-07"] == of_occupancy
    assert child.data.metrics["overall/duration_seconds"] == 1.5
    mase = overall(frame, scales, LEVELS)["mase"]
    assert logged.data.metrics["mase by candidate/naive"] == child.data.metrics["overall/mase"] == mase
    assert max(len(logged.data.metrics), len(child.data.metrics)) <= MOST_METRICS
    assert {artifact.path for artifact in client.list_artifacts(run_id)} == {
        "backtest",
        "charts.html",
        "data-report.html",
        "environment.txt",
        "scaled-wis-by-lead.png",
    }
    assert {file.path for file in client.list_artifacts(child.info.run_id)} == {
        "calibration.png",
        "coverage-by-lead.png",
        "error-by-lead.png",
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
    with pytest.raises(ZeroDivisionError), run(tracking_uri, "train", "broken", {}, snapshot_of("north")) as run_id:
        raise ZeroDivisionError
    assert MlflowClient(tracking_uri, tracking_uri).get_run(run_id).info.status == "FAILED"
    assert mlflow.active_run() is None


def test_aliases_move_from_challenger_to_champion_and_back(tracking_uri: str, system: str, registry: Registry) -> None:
    assert (registry.champion(), registry.challenger()) == (None, None)
    with pytest.raises(NothingPublishedError, match="no version is the champion"):
        registry.load_champion()

    first = train(tracking_uri, system, registry)
    assert aliases(tracking_uri, system) == {CHALLENGER: first}
    challenger = registry.challenger()
    assert challenger is not None
    assert (challenger.version.recipe, challenger.version.summary) == (RECIPE, summary(0.5))
    assert (challenger.version.champion_summary, challenger.version.compared_with) == (None, None)
    registry.promote(challenger, {"headroom.verdict": "open"}, "2026-03-03")
    assert aliases(tracking_uri, system) == {CHAMPION: first}
    with pytest.raises(UsageError, match="followed no other, so there is no step back"):
        registry.roll_back()

    second = train(tracking_uri, system, registry, registry.champion())
    assert aliases(tracking_uri, system) == {CHAMPION: first, CHALLENGER: second}
    challenger = registry.challenger()
    assert challenger is not None
    assert (challenger.version.compared_with, challenger.version.champion_summary) == (first, summary(0.7))
    registry.promote(challenger, {"headroom.verdict": "forced", "headroom.reason": "a drill"}, "2026-03-10")
    assert aliases(tracking_uri, system) == {CHAMPION: second}
    logged = MlflowClient(tracking_uri, tracking_uri).get_model_version(system, str(second))
    assert logged.tags["headroom.reason"] == "a drill"
    assert logged.tags["headroom.champion_since"] == "2026-03-10"
    assert "attendances: SeasonalNaive" in (logged.description or "")

    assert registry.load_champion().champion.version == second
    left, back = registry.roll_back()
    assert (left.version, back.ref.version) == (second, first)
    assert aliases(tracking_uri, system) == {CHAMPION: first}
    assert registry.load_champion().champion.name == system


def test_a_champion_is_fetched_once_and_remembered_where_the_registry_is_gone(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    train(tracking_uri, system, registry)
    champions = ModelCache(tmp_path / "champions")
    assert champions.last_champion() is None
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {}, "2026-03-03")
    loaded, last = registry.load_champion(), champions.last_champion()
    assert last is not None
    assert (last.champion, last.version) == (loaded.champion, loaded.version)
    assert loaded.version.recipe == RECIPE
    [folder] = [path for path in (tmp_path / "champions").iterdir() if path.is_dir()]
    (folder / "version.json").write_text("{}")
    assert registry.load_champion().version == loaded.version, "a copy that is damaged is fetched again"


def test_a_version_that_cannot_be_read_is_not_promoted(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    train(tracking_uri, system, registry)
    challenger = registry.challenger()
    assert challenger is not None

    class Spoilt(ModelCache):
        """A cache whose downloads lack their description."""

        def fetch(self, champion: Champion, download: Callable[[Path], Path], again: bool = False) -> Path:
            place = super().fetch(champion, download, again)
            (place / "version.json").write_text("{}")
            return place

    with pytest.raises(OutOfReachError, match="cannot be read: its files are damaged"):
        Registry(tracking_uri, system, Spoilt(tmp_path / "spoilt")).promote(challenger, {}, "2026-03-03")
    assert aliases(tracking_uri, system) == {CHALLENGER: challenger.ref.version}


def test_what_killed_jobs_left_is_removed(tracking_uri: str, system: str, registry: Registry) -> None:
    """A version that was not complete yet and has no alias, and a run that never ended; all else stays."""
    complete = train(tracking_uri, system, registry)
    client = MlflowClient(tracking_uri, tracking_uri)
    half = train(tracking_uri, system, registry)
    client.delete_model_version_tag(system, str(half), "headroom.complete")
    client.set_registered_model_alias(system, CHALLENGER, str(complete))
    experiment = client.get_experiment_by_name(system)
    assert experiment is not None
    left = client.create_run(experiment.experiment_id, tags={"headroom.kind": "train"}).info.run_id
    below = client.create_run(experiment.experiment_id, tags={"mlflow.parentRunId": left}).info.run_id
    other = client.create_run(experiment.experiment_id, tags={"headroom.kind": "backtest"}).info.run_id
    assert registry.prune_versions() == [half]
    assert close_orphaned_runs(tracking_uri, system) == 1
    assert [int(v.version) for v in client.search_model_versions(f"name = '{system}'")] == [complete]
    statuses = [client.get_run(run_id).info.status for run_id in (left, below, other)]
    assert statuses == ["KILLED", "KILLED", "RUNNING"], "a backtest may run at the same time"
    assert (registry.prune_versions(), close_orphaned_runs(tracking_uri, system)) == ([], 0)


def test_the_registered_model_gives_the_numbers_of_the_pipeline(
    tracking_uri: str, system: str, registry: Registry
) -> None:
    train(tracking_uri, system, registry)
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {}, "2026-03-03")
    model = mlflow.pyfunc.load_model(f"models:/{system}@champion")
    assert model.metadata.signature.inputs.input_names() == ["unique_id", "ds", "y", "known_at"]
    assert model.metadata.saved_input_example_info is not None
    cutoff = CUTOFF - pd.Timedelta(days=3)
    answered = model.predict(long(TABLE.loc[:cutoff]))
    expected = FORECASTER.forecast(RECIPE, cutoff).rows(LEVELS)
    pd.testing.assert_frame_equal(answered, expected, check_exact=True)


def test_nothing_that_is_registered_is_unpickled(tracking_uri: str, system: str, registry: Registry) -> None:
    train(tracking_uri, system, registry)
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{system}@challenger"))
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))} == set()
    [description] = folder.rglob("version.json")
    assert json.loads(description.read_text(encoding="utf-8"))["recipe"] == RECIPE
    for archive in folder.rglob("*.npz"):
        with np.load(archive, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays.files)


def lose_artifacts(tracking_uri: str, system: str, number: int) -> None:
    """Empty the artifact store of a version and of its run; the database still names both."""
    client = MlflowClient(tracking_uri, tracking_uri)
    version = client.get_model_version(system, str(number))
    model = client.get_model_version_download_uri(system, str(number))
    for location in (model, client.get_run(str(version.run_id)).info.artifact_uri):
        get_artifact_repository(str(location)).delete_artifacts()  # type: ignore[no-untyped-call]


def test_a_champion_whose_artifacts_are_lost_is_read_from_the_copy_at_home_and_without_one_said_to_be_lost(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    number = promoted(tracking_uri, system, registry)
    lose_artifacts(tracking_uri, system, number)
    assert registry.load_champion().champion.version == number
    champion = registry.champion()
    assert champion is not None
    assert champion.version.recipe == RECIPE

    elsewhere = Registry(tracking_uri, system, ModelCache(tmp_path / "elsewhere"))
    for read in (elsewhere.load_champion, elsewhere.champion):
        with pytest.raises(VersionUnreadableError) as raised:
            read()
        assert raised.value.exit_code == 6
        assert str(raised.value).startswith(f"Version {number} of {system} cannot be read: MLflow has lost its files")
        assert "Run `headroom train`" in str(raised.value)
    named = elsewhere.named_champion()
    assert named is not None
    assert named.version == number


def test_rolling_back_leaves_a_lost_champion_but_never_reaches_a_lost_version(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    first, second = promoted(tracking_uri, system, registry), promoted(tracking_uri, system, registry)
    elsewhere = Registry(tracking_uri, system, ModelCache(tmp_path / "elsewhere"))
    lose_artifacts(tracking_uri, system, second)
    left, back = elsewhere.roll_back()
    assert (left.version, back.ref.version) == (second, first)

    third = promoted(tracking_uri, system, registry)
    lose_artifacts(tracking_uri, system, first)
    empty = Registry(tracking_uri, system, ModelCache(tmp_path / "empty"))
    with pytest.raises(VersionUnreadableError, match=f"version {third} stays the champion. Version {first} of "):
        empty.roll_back()
    assert aliases(tracking_uri, system) == {CHAMPION: third}
    MlflowClient(tracking_uri, tracking_uri).delete_model_version(system, str(first))
    with pytest.raises(VersionUnreadableError, match=f"Version {first} of .* MLflow has no such version any more"):
        empty.roll_back()


def test_a_damaged_copy_at_home_is_not_deleted_before_there_is_another(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    number = promoted(tracking_uri, system, registry)
    lose_artifacts(tracking_uri, system, number)
    [folder] = [path for path in (tmp_path / "champions").iterdir() if path.is_dir()]
    (folder / "state" / "means.parquet").write_bytes(b"")
    with pytest.raises(VersionUnreadableError, match="MLflow has lost its files"):
        registry.load_champion()
    assert (folder / "state" / "means.parquet").exists()


def test_files_that_are_there_and_cannot_be_fetched_are_out_of_reach_not_lost(
    tracking_uri: str, system: str, registry: Registry, tmp_path: Path
) -> None:
    """A store that does not answer today answers tomorrow: nothing is trained in the place of what it holds."""
    if tracking_uri.startswith("http"):
        pytest.skip("a server's files are its own")
    promoted(tracking_uri, system, registry)
    for file in (tmp_path / "artifacts").rglob("version.json"):
        file.unlink()
        file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutOfReachError) as raised:
        Registry(tracking_uri, system, ModelCache(tmp_path / "elsewhere")).champion()
    assert type(raised.value) is OutOfReachError
