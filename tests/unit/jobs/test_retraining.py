"""A signal of control makes the daily job propose a training, or run one: once for each signal."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from publication.control import ControlCheck, ControlState, Signal
from publication.job_runs import JobName
from tests.unit.jobs.hospitals import hospital, morning, quiet, received, send, six_in_the_morning
from tests.unit.pipeline.histories import counts
from training.jobs import promote, train
from training.jobs.context import Context
from training.jobs.registry import registry
from training.jobs.retraining import RETRAINING_PROPOSED, answer_signals

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

FIRST = date(2026, 3, 3)
HISTORY_DAYS = 126


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital whose champion, seasonal naive, was trained on the first morning."""
    folder = tmp_path_factory.mktemp("break")
    system = hospital(folder / "system", {"A": "north"})
    table = pd.DataFrame({"A/attendances": counts(HISTORY_DAYS, 90, 5)})
    table.index = pd.date_range(end=pd.Timestamp(FIRST) - timedelta(days=1), periods=HISTORY_DAYS, freq="D")
    send(system.parent, table)
    job = received(morning(system, folder / "home", FIRST))
    train.run(job, quiet(), "SeasonalNaive")
    promote.run(job, quiet(), force=True, reason="its means are known by hand")
    return system


@pytest.fixture(scope="module")
def job(system: Path) -> Context:
    return morning(system, system.parent.parent / "home", FIRST)


def signalled_on(found: date) -> ControlState:
    return ControlState("attendances", ControlCheck.BIAS, 91, 2.0, Signal(None, found, found, -0.2, 0.0))


def n_versions(job: Context) -> int:
    challenger, champion = registry(job).challenger(), registry(job).named_champion()
    assert champion is not None
    return champion.version if challenger is None else max(champion.version, challenger.ref.version)


@pytest.mark.parametrize("retrain", [False, True])
def test_a_signal_of_before_the_last_training_is_answered(
    job: Context, retrain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    before = n_versions(job)
    answer_signals(job, quiet(), [signalled_on(FIRST - timedelta(days=1))], None, retrain=retrain)
    assert n_versions(job) == before
    assert "trained since" in caplog.text


def test_a_newer_signal_is_trained_for_once(job: Context, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    before, newer = n_versions(job), [signalled_on(FIRST + timedelta(days=1))]
    two, three = (replace(job, now=six_in_the_morning(FIRST + timedelta(days=n))) for n in (2, 3))
    answer_signals(two, quiet(), newer, None, retrain=False)
    assert (n_versions(job), RETRAINING_PROPOSED in caplog.messages) == (before, True)
    answer_signals(two, quiet(), newer, None, retrain=True)
    assert n_versions(job) == before + 1
    answer_signals(three, quiet(), newer, None, retrain=True)
    assert n_versions(job) == before + 1
    assert {of.last.job for of in job.store.job_outcomes("north")} >= {JobName.TRAIN, JobName.PROMOTE}
