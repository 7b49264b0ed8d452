"""Live scores as of a day know nothing of what was published, or promoted, after it, and all of what was on it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.jobs.hospitals import hospital, morning, quiet, received, send
from tests.unit.pipeline.histories import counts
from training.jobs import promote, publish, score, train
from training.jobs.context import Context

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

FIRST_CUTOFF = date(2026, 3, 2)
DAYS_BEFORE, DAYS_AFTER = 126, 60
PAST = FIRST_CUTOFF + timedelta(days=40)


@pytest.fixture
def job(tmp_path: Path) -> Context:
    """A hospital with seasonal naive as champion, which has published for each week up to the past day."""
    system = hospital(tmp_path / "system", {"A": "north"})
    days = pd.date_range(end=FIRST_CUTOFF + timedelta(days=DAYS_AFTER), periods=DAYS_BEFORE + DAYS_AFTER, freq="D")
    table = pd.DataFrame({"A/attendances": counts(len(days), 90, 5)}).set_axis(days)
    table.loc[days >= pd.Timestamp(FIRST_CUTOFF + timedelta(days=20))] *= 1.3  # a new level: inputs drift
    send(system.parent, table)
    received_job = received(morning(system, tmp_path / "home", days[-1].date() + timedelta(days=1)))
    train.run(received_job, quiet(), "SeasonalNaive", cutoff=FIRST_CUTOFF)
    promote.run(received_job, quiet(), force=True, reason="its means are known by hand")
    for days_later in range(0, 40, 7):
        publish.run(received_job, quiet(), FIRST_CUTOFF + timedelta(days=days_later))
    return received_job


def test_a_champion_of_later_changes_nothing_in_the_scores_of_a_past_day(job: Context) -> None:
    before = score.run(job, quiet(), PAST)
    publish.run(job, quiet(), PAST + timedelta(days=3))
    newest = job.store.latest(job.system.name)
    later = replace(newest.champion, version=newest.champion.version + 1)
    job.store.issue(replace(newest, champion=later))
    again, today = (score.run(job, quiet(), cutoff) for cutoff in (PAST, None))
    assert before is not None
    assert again == before
    assert today is not None
    assert today.control != before.control


def test_a_champion_that_published_for_the_last_day_ends_the_drift_of_the_one_before(job: Context) -> None:
    publish.run(job, quiet())
    newest, before = job.store.latest(job.system.name), score.run(job, quiet())
    job.store.issue(replace(newest, champion=replace(newest.champion, version=newest.champion.version + 1)))
    after = score.run(job, quiet())
    assert before is not None
    assert after is not None
    of_inputs = [[state for state in of.control if state.check.is_of_inputs] for of in (before, after)]
    assert any(state.evidence is not None for state in of_inputs[0])
    assert all(state.evidence is None for state in of_inputs[1])
