"""Jobs killed at random moments: whatever is left, the store is sound and the champion publishes.

`make drills` runs it.
"""

import random
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from publication.document import digest
from publication.store import Store, default_url
from publication.vocabulary import CHAMPION
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom
from tests.unit.cli.forks import start

pytestmark = [pytest.mark.drill, *MLFLOW_WARNINGS]

TRIES = 30
SEED = 6
DAYS = 130
SYSTEM = "northshire"
JOBS = ("daily", "publish", "score", "backtest", "rollback")
COMMANDS = {
    "backtest": ("--windows", "2", "--candidates", "SeasonalNaive"),
    "train": ("--candidates", "SeasonalNaive"),
    "promote": ("--force", "--reason", "a drill"),
}


class Home:
    """A small system with a champion; commands on it, to their end or not."""

    def __init__(self, folder: Path) -> None:
        self.home, self.system = folder / "home", folder / "system" / "system.toml"
        headroom("simulate", "--out", self.system.parent, "--seed", 8, "--days", DAYS, "--trusts", 1, "--sites", 1)
        self.system.write_text(self.system.read_text().replace("horizon_days = 28", "horizon_days = 7"))
        for command in ("ingest", "train", "promote"):
            self.ends(command)

    def ends(self, command: str) -> Ended:
        ended = headroom(*self.arguments(command))
        assert ended.exit_code == 0, ended.err
        return ended

    def arguments(self, command: str) -> tuple[object, ...]:
        return (command, "--system", self.system, "--home", self.home, *COMMANDS.get(command, ()))

    def seconds(self, command: str) -> float:
        """Return the seconds that it takes in a process that is not killed; the first one waits for the imports."""
        start("--help").join()
        began = time.monotonic()
        start(*self.arguments(command)).join()
        return time.monotonic() - began

    def killed(self, command: str, after_seconds: float) -> bool:
        """Return whether the command was still at work when it was killed."""
        process = start(*self.arguments(command))
        process.join(after_seconds)
        was_alive = process.is_alive()
        process.kill()
        process.join()
        return was_alive

    def publications(self) -> dict[date, list[int]]:
        """Return the revisions of each cutoff, each publication read and compared with its digest."""
        with closing(Store(default_url(self.home))) as store:
            summaries = store.summaries(SYSTEM)
            for summary in summaries:
                assert digest(store.latest(SYSTEM, summary.cutoff, summary.revision)) == summary.digest
        revisions: dict[date, list[int]] = {}
        for summary in sorted(summaries, key=lambda summary: summary.revision):
            revisions.setdefault(summary.cutoff, []).append(summary.revision)
        return revisions

    def revise(self, more: int) -> None:
        """Change the newest counts of the extract and ingest them: the next publication has another digest."""
        newest = max((self.system.parent / "extract").glob("*.csv"))
        table = pd.read_csv(newest)
        table.loc[table.index[-1], "attendances"] += more
        table.to_csv(newest, index=False)
        self.ends("ingest")

    def champion(self) -> int:
        """Return the version that the alias names."""
        return int(self.registry().get_model_version_by_alias(SYSTEM, CHAMPION).version)

    def registry(self) -> mlflow.MlflowClient:
        uri = f"sqlite:///{self.home / 'mlflow.db'}"
        return mlflow.MlflowClient(uri, uri)


@pytest.mark.parametrize("command", JOBS)
def test_whenever_a_job_is_killed_every_publication_is_complete_and_the_job_ends_when_it_runs_again(
    command: str, tmp_path: Path
) -> None:
    chance, home, n_killed = random.Random(SEED), Home(tmp_path), 0
    home.ends("publish")
    home.ends("train")
    home.ends("promote")  # so that there is a version to roll back to
    unkilled, seen = home.seconds("publish" if command == "rollback" else command), home.publications()
    champion = home.champion()
    for one in range(TRIES):
        home.revise(1)
        n_killed += home.killed(command, chance.uniform(0.0, unkilled))
        found = home.publications()
        for cutoff, revisions in found.items():
            assert revisions == list(range(1, len(revisions) + 1)), f"after try {one}, for {cutoff}"
            assert len(revisions) >= len(seen.get(cutoff, ())), f"a publication is gone after try {one}"
        seen = found
        if home.champion() != champion:  # rolled back: there must be another step to go
            assert command == "rollback"
            assert home.champion() < champion
            home.ends("train")
            home.ends("promote")
            champion = home.champion()
    assert n_killed >= TRIES / 3
    home.ends("publish")
    if command != "rollback":
        home.ends(command)
    home.publications()


def test_whenever_train_or_promote_is_killed_the_champion_publishes(tmp_path: Path) -> None:
    chance, home, n_killed = random.Random(SEED), Home(tmp_path), 0
    unkilled = {"train": home.seconds("train"), "promote": home.seconds("promote")}
    for one in range(TRIES):
        command = list(COMMANDS)[one % 2]
        n_killed += home.killed(command, chance.uniform(0.0, unkilled[command]))
        assert f"champion version {home.champion()}." in home.ends("publish").out, f"after try {one}, {command}"
        if command == "promote":
            home.ends("train")  # so that there is a challenger to promote next time
    assert n_killed >= TRIES / 2
    home.ends("train")
    home.ends("promote")
    versions = home.registry().search_model_versions(f"name = '{SYSTEM}'")
    assert [version.version for version in versions if "headroom.complete" not in version.tags] == []
    experiment = home.registry().get_experiment_by_name(SYSTEM)
    assert experiment is not None
    left = home.registry().search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
    assert [run.info.run_name for run in left] == []
