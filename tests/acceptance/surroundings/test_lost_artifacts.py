"""MLflow's files are lost, its database is not: every command goes on, or says what to do. `make drills` runs it."""

import shutil
from pathlib import Path

import pytest

from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom
from tests.unit.cli.test_bad_input import assert_rejected

pytestmark = [pytest.mark.drill, *MLFLOW_WARNINGS]

DAYS = 200
LOST = ("VersionUnreadableError", "cannot be read: MLflow has lost its files", "Run `headroom train`")


class Home:
    """A small system with a champion of its own home, and commands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.system = folder / "home", folder / "system" / "system.toml"
        headroom("simulate", "--out", self.system.parent, "--seed", 4, "--days", DAYS, "--trusts", 1, "--sites", 1)
        self.system.write_text(self.system.read_text().replace("horizon_days = 28", "horizon_days = 7"))

    def headroom(self, command: str, *options: object, allowed: int = 0) -> Ended:
        ended = headroom(command, "--system", self.system, "--home", self.folder, *options)
        assert ended.exit_code == allowed, ended.err
        assert "Traceback" not in ended.err
        return ended

    def train(self) -> Ended:
        return self.headroom("train", "--candidates", "SeasonalNaive")

    def lose_artifacts(self) -> None:
        shutil.rmtree(self.folder / "mlartifacts")

    def lose_copies(self) -> None:
        shutil.rmtree(self.folder / "champions")


def test_no_command_is_a_dead_end_where_the_artifacts_are_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path)
    home.headroom("ingest")
    home.train()
    home.headroom("promote")

    home.lose_artifacts()
    assert "champion version 1." in home.headroom("daily").out, "the copy at home goes on publishing"
    home.lose_copies()
    assert_rejected(home.headroom("publish", allowed=6), 6, LOST)

    trained = home.train()
    assert "Registered version 2" in trained.out
    assert "The challenger is compared with no champion." in caplog.text
    assert "Version 2 of northshire is the champion." in home.headroom("promote").out
    assert "champion version 2." in home.headroom("publish").out
    assert_rejected(home.headroom("rollback", allowed=6), 6, (*LOST, "version 2 stays the champion"))

    home.lose_artifacts()
    home.lose_copies()
    daily = home.headroom("daily")
    assert "Version 2 of northshire cannot be read" in caplog.text
    assert "A new first champion is trained now." in caplog.text
    assert "champion version 3." in daily.out
