"""A level break is signalled by the daily job, which proposes a training, or runs one for each signal."""

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
from training.jobs import daily, promote, train
from training.jobs.context import Context
from training.jobs.registry import registry
from training.jobs.retraining import RETRAINING_PROPOSED, answer_signals

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

FIRST = date(2026, 3, 3)
HISTORY_DAYS, MORNINGS = 126, 8
BREAK = 1.3


def with_a_break() -> pd.DataFrame:
    """Counts that rise by 30 % on the first morning."""
    table = pd.DataFrame({"A/attendances": counts(HISTORY_DAYS + MORNINGS, 900, 5)})
    table.index = pd.date_range(end=pd.Timestamp(FIRST) + timedelta(days=MORNINGS - 1), periods=len(table), freq="D")
    table[table.index >= pd.Timestamp(FIRST)] *= BREAK
    return table.round()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital whose champion was trained before the break: seasonal naive."""
    folder = tmp_path_factory.mktemp("break")
    system = hospital(folder / "system", {"A": "north"})
    send(system.parent, with_a_break().iloc[:HISTORY_DAYS])
    job = received(morning(system, folder / "home", FIRST))
    train.run(job, quiet(), "SeasonalNaive")
    promote.run(job, quiet(), force=True, reason="its means are known by hand")
    return system


@pytest.fixture(scope="module")
def job(system: Path) -> Context:
    return morning(system, system.parent.parent / "home", FIRST + timedelta(days=MORNINGS))


def signalled_on(found: date) -> ControlState:
    return ControlState("attendances", ControlCheck.BIAS, 91, 2.0, Signal(None, found, found, -0.2, 0.0))


def n_versions(job: Context) -> int:
    challenger, champion = registry(job).challenger(), registry(job).named_champion()
    assert champion is not None
    return champion.version if challenger is None else max(champion.version, challenger.ref.version)


def test_each_morning_is_published_and_the_break_is_signalled_and_a_training_proposed(
    system: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Seasonal naive needs a week to follow; so its first seven forecasts are too low by 23 % of the actual."""
    table, signalled = with_a_break(), dict[int, list[ControlState]]()
    for n in range(MORNINGS):
        caplog.clear()
        job = morning(system, system.parent.parent / "home", FIRST + timedelta(days=n))
        send(system.parent, table[table.index < pd.Timestamp(FIRST + timedelta(days=n))])
        daily.run(job, quiet())
        scores = job.store.live_scores("north")
        signalled[n] = [] if scores is None else [of for of in scores.signals if of.check is ControlCheck.BIAS]
        assert (RETRAINING_PROPOSED in caplog.messages) == bool(scores and scores.signals)
    first = min(n for n, found in signalled.items() if found)
    assert 3 <= first <= MORNINGS - 1, "one day alone is no signal, and a week of errors is one"
    signal = signalled[first][0].signal
    assert signal is not None
    assert (signal.unique_id, signal.since) == ("A/attendances", FIRST) or signal.unique_id == "north/attendances"
    assert signal.size == pytest.approx(1 / BREAK - 1, abs=0.06)


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
    before, newer = n_versions(job), [signalled_on(FIRST + timedelta(days=MORNINGS - 1))]
    answer_signals(job, quiet(), newer, None, retrain=False)
    assert (n_versions(job), RETRAINING_PROPOSED in caplog.messages) == (before, True)
    answer_signals(job, quiet(), newer, None, retrain=True)
    assert n_versions(job) == before + 1
    next_morning = replace(job, now=six_in_the_morning(FIRST + timedelta(days=MORNINGS + 1)))
    answer_signals(next_morning, quiet(), newer, None, retrain=True)
    assert n_versions(job) == before + 1
    assert {of.last.job for of in job.store.job_outcomes("north")} >= {JobName.TRAIN, JobName.PROMOTE}
