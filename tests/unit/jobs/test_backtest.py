"""`headroom backtest` as a person meets it: what it says, writes and tracks, and how it goes on when it was killed."""

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom
from tests.unit.cli.forks import start
from tests.unit.pipeline.histories import counts
from training.backtest.options import BacktestOptions
from training.frames import forecast_columns
from training.jobs.backtest import checkpoint_of
from training.jobs.context import context
from training.settings import settings
from training.system.reading import read_system

pytestmark = MLFLOW_WARNINGS

NOW = datetime(2030, 1, 1, tzinfo=UTC)
N_DAYS = 230
FIRST_DAY = pd.Timestamp("2025-11-01")
LEVELS = {"A": 40, "B": 90}
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
holidays = "GB-ENG"
horizon_days = 28
[[places]]
place = "A"
[[places]]
place = "B"
[[places]]
place = "silent"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals" }
"""
ASKED = ("--windows", 4, "--step", 30, "--horizon", 7, "--candidates", "ridge")
REFIT_DAYS = 3
TIMEOUT_SECONDS = 120
SLICES = ["measure", "series", "leads", "weekday", "day", "regime"]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system.toml of two sites that report and one that does not."""
    folder = tmp_path_factory.mktemp("system")
    (folder / "system.toml").write_text(SYSTEM)
    rows = [
        f"{place},{day:%Y-%m-%d},{y:g}"
        for place, level in LEVELS.items()
        for day, y in counts(N_DAYS, level, level, FIRST_DAY).items()
    ]
    (folder / "extract.csv").write_text("\n".join(["code,date,arrivals", *rows, ""]))
    return folder / "system.toml"


@pytest.fixture(scope="module")
def done(system: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a backtest ran to its end, with its `forecasts.parquet`."""
    home = tmp_path_factory.mktemp("done") / "home"
    assert headroom("ingest", "--system", system, "--home", home).exit_code == 0
    ended = backtest(system, home, "--forecasts", home / "forecasts.parquet")
    assert (ended.exit_code, checkpoint_files(home)) == (0, []), ended
    return home


@pytest.fixture
def home(done: Path, tmp_path: Path) -> Path:
    return shutil.copytree(done, tmp_path / "home")


@pytest.fixture(scope="module")
def uninterrupted(done: Path) -> pd.DataFrame:
    return pd.read_parquet(done / "forecasts.parquet")


def backtest(system: Path, home: Path, *options: object) -> Ended:
    return headroom("backtest", "--system", system, "--home", home, *ASKED, *options)


def checkpoint_files(home: Path) -> list[Path]:
    """The finished files of interrupted backtests."""
    return sorted((home / "backtests").glob("*/*.parquet"))


def killed(system: Path, home: Path) -> list[Path]:
    """The home of a backtest that is killed (SIGKILL) as soon as its first refit day is done."""
    command = ("backtest", "--system", system, "--home", home, *ASKED)
    process = start(*command)
    given_up = time.monotonic() + TIMEOUT_SECONDS
    while not checkpoint_files(home) and process.is_alive() and time.monotonic() < given_up:
        time.sleep(0.005)
    assert process.is_alive(), "it ended before it was killed"
    process.kill()
    process.join()
    return checkpoint_files(home)


def test_a_backtest_that_was_killed_goes_on_and_gives_the_same(
    system: Path, home: Path, tmp_path: Path, uninterrupted: pd.DataFrame
) -> None:
    left = killed(system, home)
    assert 1 <= len(left) < REFIT_DAYS
    ended = backtest(system, home, "--forecasts", tmp_path / "forecasts.parquet")
    assert ended.exit_code == 0, ended
    assert (
        f"An interrupted backtest goes on: {len(left)} of its refit days are done (--no-resume: begin anew)."
        in ended.out
    )
    found = pd.read_parquet(tmp_path / "forecasts.parquet")
    pd.testing.assert_frame_equal(found, uninterrupted, check_exact=True)
    assert list((home / "backtests").iterdir()) == [], "a finished backtest leaves nothing"


def test_no_resume_computes_saved_windows_again(system: Path, home: Path) -> None:
    (spoiled,) = killed(system, home)[:1]
    spoiled.write_bytes(b"no forecasts")
    ended = backtest(system, home, "--no-resume")
    assert (ended.exit_code, "goes on" in ended.out) == (0, False), ended


PLAN = BacktestOptions(4, 30, 7, "ridge", (), (), None)
CUTOFFS = [FIRST_DAY + pd.Timedelta(days=days) for days in (100, 130)]


@pytest.mark.parametrize(
    ("plan", "horizon", "cutoffs", "is_same"),
    [
        (PLAN, 7, CUTOFFS, True),
        (replace(PLAN, by="series", measures=["attendances"], no_resume=True), 7, CUTOFFS, True),  # how it is shown
        (replace(PLAN, candidates="Ridge"), 7, CUTOFFS, True),
        (replace(PLAN, candidates="seasonal_naive"), 7, CUTOFFS, False),
        (replace(PLAN, candidates=None), 7, CUTOFFS, False),
        (replace(PLAN, train_window_days=100), 7, CUTOFFS, False),
        (PLAN, 8, CUTOFFS, False),
        (PLAN, 7, CUTOFFS[1:], False),
    ],
)
def test_saved_windows_are_for_the_same_forecasts_alone(
    plan: BacktestOptions, horizon: int, cutoffs: list[pd.Timestamp], is_same: bool, system: Path, done: Path
) -> None:
    job = context(system, settings(done, {}), NOW)
    folder = checkpoint_of(job, PLAN, 7, CUTOFFS).folder
    assert (checkpoint_of(job, plan, horizon, cutoffs).folder == folder) is is_same


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("system.toml", "GB-ENG", "PT"),
        ("system.toml", 'place = "silent"', 'place = "quiet"'),
        ("extract.csv", "A,2025-11-01,", "A,2025-11-01,1"),
    ],
)
def test_other_data_and_another_system_begin_anew(
    file: str, old: str, new: str, system: Path, home: Path, tmp_path: Path
) -> None:
    folder = checkpoint_of(context(system, settings(home, {}), NOW), PLAN, 7, CUTOFFS).folder
    other = shutil.copytree(system.parent, tmp_path / "other")
    (other / file).write_text((other / file).read_text().replace(old, new))
    assert headroom("ingest", "--system", other / "system.toml", "--home", home).exit_code == 0
    job = context(other / "system.toml", settings(home, {}), NOW)
    assert checkpoint_of(job, PLAN, 7, CUTOFFS).folder != folder


def test_forecasts_keep_their_columns(system: Path, uninterrupted: pd.DataFrame) -> None:
    assert list(uninterrupted.columns) == forecast_columns(read_system(system).system.quantiles)
    assert str(uninterrupted["cutoff"].dtype) == str(uninterrupted["ds"].dtype) == "datetime64[ns]"
    assert uninterrupted["cutoff"].nunique() == 4


def test_it_says_what_a_person_should_know_and_tracks_it(system: Path, home: Path) -> None:
    ended = backtest(system, home, "--step", 14, "--candidates", "seasonal_naive,ridge")
    assert ended.exit_code == 0, ended
    assert "History: expanding: all days up to the cutoff." in ended.out
    assert "Refit policy: parameters fitted anew every 56 days" in ended.out
    weekday = (FIRST_DAY + pd.Timedelta(days=N_DAYS - 1 - 7)).day_name()
    assert f"All 4 cutoffs are {weekday}s, because --step 14 is a multiple of 7" in ended.out
    titles = [f"{name}: {what}" for name in ("SeasonalNaive", "Ridge") for what in ("point forecasts", "distributions")]
    assert [title for title in titles if title not in ended.out] == []
    runs = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    (experiment,) = [e for e in runs.search_experiments() if e.name != "Default"]
    run, *_ = runs.search_runs([experiment.experiment_id], "tags.`headroom.kind` = 'backtest'")
    below = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    children = {child.info.run_name: child for child in runs.search_runs([experiment.experiment_id], below)}
    assert set(children) == {"SeasonalNaive", "Ridge"}
    assert children["Ridge"].data.metrics["overall/duration_seconds"] > 0
    assert "every 56 days" in run.data.params["refit"]
    assert run.data.params["history"].startswith("expanding")
    of_ridge = children["Ridge"].data.params
    assert (of_ridge["windows"], of_ridge["step_days"], of_ridge["horizon"]) == ("4", "14", "7")
    assert (of_ridge["candidate"], of_ridge["settings/Ridge/regressor"]) == ("Ridge", "Ridge()")
    compared = ("overall/rmsse", "overall/pit_distance", "mase/attendances", "scaled_wis by leads/attendances 01-07")
    assert set(compared) < set(children["Ridge"].data.metrics)
    files = {Path(file.path).name for file in runs.list_artifacts(run.info.run_id, "backtest")}
    assert {"Ridge.parquet", "SeasonalNaive.parquet", "leaderboard.csv", "scores.csv"} <= files


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_score_is_written_to_a_file(kind: str, system: Path, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / f"scores.{kind}"
    ended = backtest(system, home, "--candidates", "seasonal_naive", "--group-by", "day,weekday", "--scores", file)
    assert ended.exit_code == 0, ended
    assert "multiple of 7" not in ended.out
    found = pd.read_csv(file) if kind == "csv" else pd.read_parquet(file)
    assert list(found.columns) == ["recipe", "by", *SLICES, "n", "fallbacks", "loss", "value"]
    assert set(found["by"]) == {
        "measure", "measure,leads", "series", "measure,weekday", "measure,day", "measure,regime", "day,weekday",
    }  # fmt: skip
    assert found["value"].notna().all()


def test_a_sliding_window_is_said_and_makes_other_forecasts(
    system: Path, home: Path, tmp_path: Path, uninterrupted: pd.DataFrame
) -> None:
    ended = backtest(system, home, "--train-window", 84, "--forecasts", tmp_path / "forecasts.parquet")
    assert ended.exit_code == 0, ended
    assert "History: sliding: from 84 days before the refit day." in ended.out
    found = pd.read_parquet(tmp_path / "forecasts.parquet")
    same = ["unique_id", "cutoff", "ds", "lead", "y"]
    pd.testing.assert_frame_equal(found[same], uninterrupted[same])
    newest = found["cutoff"] == found["cutoff"].max()
    assert not found[newest]["mean"].equals(uninterrupted[newest]["mean"])


def test_a_place_that_reports_nothing_has_no_scores(system: Path, home: Path) -> None:
    ended = backtest(system, home, "--candidates", "seasonal_naive", "--place", "silent")
    assert ended.exit_code == 0, ended
    assert "attendances" not in ended.out
