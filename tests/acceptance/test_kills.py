"""Training and promoting, killed at random moments: whatever is left, the champion publishes. `make drills` runs it."""

import random
import time
from pathlib import Path

import mlflow
import pytest

from publication.vocabulary import CHAMPION
from tests.unit.cli.commands import Ended, headroom
from tests.unit.cli.forks import start

# The library's own, when a test reads the registry.
pytestmark = [
    pytest.mark.drill,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TRIES = 20
SEED = 6
DAYS = 130
SYSTEM = "northshire"
COMMANDS = {
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
        """Return the seconds that it takes in a process that is not killed."""
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

    def registry(self) -> mlflow.MlflowClient:
        uri = f"sqlite:///{self.home / 'mlflow.db'}"
        return mlflow.MlflowClient(uri, uri)


def test_whenever_train_or_promote_is_killed_the_champion_publishes(tmp_path: Path) -> None:
    chance, home, n_killed = random.Random(SEED), Home(tmp_path), 0
    unkilled = {"train": home.seconds("train"), "promote": home.seconds("promote")}
    for one in range(TRIES):
        command = list(COMMANDS)[one % 2]
        n_killed += home.killed(command, chance.uniform(0.0, unkilled[command]))
        named = int(home.registry().get_model_version_by_alias(SYSTEM, CHAMPION).version)
        assert f"champion version {named}." in home.ends("publish").out, f"after try {one}, {command}"
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
