"""Versions that may publish: those of this system, and challengers that are no worse on the same windows."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.jobs.hospitals import hospital, morning, quiet, received, send
from tests.unit.pipeline.histories import counts
from training.errors import NothingPublishedError, PromotionRejectedError
from training.jobs import promote, publish, train
from training.jobs.context import Context
from training.jobs.registry import registry
from training.promotion import gate
from training.tracking.comparison import MOST_METRICS

pytestmark = MLFLOW_WARNINGS
TODAY = date(2026, 3, 12)
CANDIDATES = "CalendarLevel,SeasonalNaive"


def trained(folder: Path, site: str, level: float, tracking_uri: str, train_it: bool = True) -> Context:
    """A hospital of one site, called north, its history received and a version trained."""
    system = hospital(folder, {site: "north"})
    first = pd.Timestamp(TODAY) - pd.Timedelta(days=150)
    send(folder, pd.DataFrame({f"{site}/attendances": counts(150, level, 5, first)}))
    job = received(morning(system, folder / "home", TODAY, MLFLOW_TRACKING_URI=tracking_uri))
    if train_it:
        train.run(job, quiet(), CANDIDATES)
    return job


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """X, about 900 a day, whose first version is the champion of `north`, and whose second is the challenger."""
    folder = tmp_path_factory.mktemp("first")
    job = trained(folder, "X", 900, f"sqlite:///{folder / 'shared.db'}")
    promote.run(job, quiet(), force=True, reason="the first")
    train.run(job, quiet(), CANDIDATES)
    return job


def test_the_same_recipe_on_the_same_data_ties(first: Context) -> None:
    challenger = registry(first).challenger()
    assert challenger is not None
    ours, theirs = challenger.version.summary, challenger.version.champion_summary
    assert theirs is not None
    assert (ours.windows, ours.measures, ours.coverage_80) == (theirs.windows, theirs.measures, theirs.coverage_80)
    assert len(ours.windows) >= 4
    assert gate(ours, theirs).opens


def test_the_runs_of_the_same_recipe_have_the_same_parameters_and_metrics(first: Context) -> None:
    runs = MlflowClient(first.settings.tracking_uri)
    experiment = runs.get_experiment_by_name("north")
    assert experiment is not None
    found = runs.search_runs([experiment.experiment_id], "tags.`headroom.recipe` LIKE '%'")
    newest = {run.info.run_name: run.data for run in reversed(found[:3])}  # the last to start is the first
    assert list(newest) == ["CalendarLevel", "SeasonalNaive", "champion"]
    champion, challenger = newest["champion"], newest["CalendarLevel"]
    assert champion.params == challenger.params
    assert challenger.params["candidate"] == "CalendarLevel"
    assert challenger.params["fitted/CalendarLevel/attendances/harmonics"] == "0"
    assert newest["SeasonalNaive"].params["first_cutoff"] == challenger.params["first_cutoff"]
    made = "overall/duration_seconds"
    assert champion.metrics == {name: value for name, value in challenger.metrics.items() if name != made}
    assert made in challenger.metrics
    assert len(challenger.metrics) <= MOST_METRICS


def test_another_hospital_of_the_same_name_publishes_nothing_with_its_champion(first: Context, tmp_path: Path) -> None:
    second = trained(tmp_path, "A", 110, first.settings.tracking_uri, train_it=False)
    with pytest.raises(NothingPublishedError) as raised:
        publish.run(second, quiet())
    assert str(raised.value) == (
        "Version 1 of north was trained on another system of that name: it forecasts X/attendances, which are not "
        "there; here there are A/attendances. Give this system a name of its own (`name` in system.toml) or another "
        "MLFLOW_TRACKING_URI. If it is this system, which has changed so much, run `headroom train`, then `headroom "
        'promote --force --reason "..."`.'
    )
    assert second.store.summaries() == ()
    with pytest.raises(PromotionRejectedError, match="was trained on another system of that name"):
        promote.run(second, quiet(), force=True, reason="mine")


def test_its_own_hospital_publishes_at_its_level_inside_the_outer_quantiles(first: Context) -> None:
    issued = publish.run(first, quiet())
    days = issued.series_by_id["X/attendances"].days
    assert all(day.quantiles[0] <= day.mean <= day.quantiles[-1] for day in days)
    assert sum(day.mean for day in days) / len(days) == pytest.approx(900, rel=0.05)
