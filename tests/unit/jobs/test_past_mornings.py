"""A past morning publishes what the job of that morning would have published."""

import warnings
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import pytest

from publication.model import Publication
from publication.vocabulary import Check, NoteKind, Severity
from tests.unit.cli.commands import headroom_at
from training.jobs import publish
from training.jobs.context import Context, context
from training.jobs.registry import champion_or_cached
from training.pipeline.forecaster import Forecaster
from training.settings import settings
from training.simulate.mornings import Morning, read_mornings, simulate_mornings
from training.simulate.scenario import Scenario

LAST_DAY = date(2026, 3, 10)
SMALL = Scenario(days=150, trusts=1, sites=2)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A system whose champion was trained on its first morning; all extracts are ingested."""
    folder = tmp_path_factory.mktemp("mornings")
    system = simulate_mornings(folder / "system", 7, LAST_DAY, SMALL, "Europe/London")
    today = context(system, settings(folder / "home", {}), datetime(2026, 3, 11, 9, tzinfo=UTC))
    run(today, "ingest")
    first = replace(today, now=read_mornings(system)[0].at)
    run(first, "train", "--candidates", "CalendarLevel")
    run(first, "promote", "--force", "--reason", "the first")
    return today


def run(job: Context, command: str, *options: object) -> None:
    """Run a command at the job's instant."""
    where = ("--system", job.system_file.path, "--home", job.settings.home)
    ended = headroom_at(job.now, command, *where, *options)
    assert ended.exit_code == 0, ended.err


@pytest.fixture(scope="module")
def mornings(job: Context) -> list[Morning]:
    """A prompt morning, that of the late extract, the one after it, and two with a spike on their cutoff."""
    faults = pd.read_csv(job.system_file.folder / "faults.csv")
    late = date.fromisoformat(faults.loc[faults["fault"].eq("late"), "from"].item())
    spikes = [date.fromisoformat(day) for day in faults.loc[faults["fault"].eq("spike"), "from"]]
    wanted = {late - timedelta(days=10), late, late + timedelta(days=1), spikes[0], spikes[-1]}
    return [morning for morning in read_mornings(job.system_file.path) if morning.cutoff in wanted]


@pytest.fixture(scope="module")
def issued(job: Context, mornings: list[Morning]) -> list[Publication]:
    """The publications of one forecaster of the complete history, one for each morning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's libraries
        model, _ = champion_or_cached(job)
    forecaster = Forecaster(job.history(job.now), job.system.horizon_days)
    return [publish.issue_past(replace(job, now=of.at), forecaster, model, of.cutoff) for of in mornings]


def test_each_is_what_the_job_of_its_morning_publishes(
    job: Context, mornings: list[Morning], issued: list[Publication]
) -> None:
    for morning, past in zip(mornings, issued, strict=True):
        run(replace(job, now=morning.at), "publish", "--cutoff", morning.cutoff)
        assert job.store.latest(job.system.name, morning.cutoff) == past
    assert {summary.revision for summary in job.store.summaries(job.system.name)} == {1}


def test_each_is_issued_on_the_morning_after_its_cutoff(issued: list[Publication]) -> None:
    for past in issued:
        assert past.issued_at == datetime.combine(past.cutoff + timedelta(days=1), time(6), tzinfo=UTC)  # winter


def test_a_morning_knows_that_an_extract_is_late_and_the_next_has_it(issued: list[Publication]) -> None:
    _, *rest = issued
    by_late = [any(note.kind is NoteKind.LATE for note in past.notes) for past in rest]
    (late,) = [past for past, is_late in zip(rest, by_late, strict=True) if is_late]
    found = {finding.key.place for finding in late.findings if finding.check is Check.LATE}
    after = next(past for past in rest if past.cutoff == late.cutoff + timedelta(days=1))
    assert found == {"RXA02"}
    assert not [finding for finding in after.findings if finding.check is Check.LATE]


def test_a_spike_is_doubted_from_the_morning_after_it(job: Context, issued: list[Publication]) -> None:
    faults = pd.read_csv(job.system_file.folder / "faults.csv")
    spikes = {date.fromisoformat(day) for day in faults.loc[faults["fault"].eq("spike"), "from"]}
    for past in issued:
        doubted = [of for of in past.findings if of.series == "RXA01/attendances" and of.severity is Severity.SUSPECT]
        assert spikes & {of.last for of in doubted} == {day for day in spikes if day <= past.cutoff}
