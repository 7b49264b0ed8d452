"""A small hospital system whose names have signs of other languages, and its home, copied for each test."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service.__main__ import main as headroom_service
from tests.unit.cli.commands import headroom

SITE = "Łódź-東"
DAYS = 200
EXPORTS = '\n[exports]\nfolder = "bi"\nformat = "csv"\nworkbook = "bi.xlsx"\n'


@dataclass(frozen=True)
class Place:
    """The place where a command runs: the folder of the system, the home, and a folder to be made for results."""

    system: Path
    home: Path
    out: Path

    @property
    def system_file(self) -> Path:
        return self.system / "system.toml"

    @property
    def backup(self) -> Path:
        """The backup that is in the home."""
        (folder,) = (self.home / "backups").iterdir()
        return folder

    @property
    def demo_system(self) -> Path:
        """The system that `headroom demo` finds at home, and uses again."""
        return self.home / "system"

    def run(self, command: str, *options: object) -> None:
        ended = headroom(command, "--system", self.system_file, "--home", self.home, *options)
        assert ended.exit_code == 0, ended.err


def ingested(folder: Path) -> Place:
    """A system and a home that has its history, a key, and no champion yet."""
    place = Place(folder / "system", folder / "home", folder / "out")
    headroom("simulate", "--out", place.system, "--seed", 4, "--days", DAYS, "--trusts", 1, "--sites", 1)
    for file in [*place.system.glob("*.csv"), *place.system.glob("extract/*.csv")]:
        file.write_text(file.read_text(encoding="utf-8").replace("RXA01", SITE), encoding="utf-8")
    toml = place.system_file.read_text(encoding="utf-8")
    toml = toml.replace("horizon_days = 28", "horizon_days = 7") + EXPORTS
    place.system_file.write_text(toml, encoding="utf-8")
    place.run("ingest")
    assert headroom_service(["--home", str(place.home), "keys", "create", "desk", "--place", SITE], environ={}) == 0
    place.run("backup")
    return place


def published(folder: Path) -> Place:
    """The same with a publication, a champion, one before it, and a challenger: every command has something to do."""
    place = ingested(folder)
    for _ in range(2):
        place.run("train", "--candidates", "SeasonalNaive")
        place.run("promote", "--force", "--reason", "the last one should be")
    place.run("train", "--candidates", "SeasonalNaive")
    place.run("publish")
    return place


def copied(place: Place, folder: Path) -> Place:
    """Return a copy, for one test to change."""
    copy = Place(folder / "system", folder / "home", folder / "out")
    shutil.copytree(place.system, copy.system, symlinks=True)  # an export names its newest folder by a link
    shutil.copytree(place.home, copy.home)
    shutil.copytree(place.system, copy.demo_system, symlinks=True)
    if (copy.home / "mlflow.db").exists():
        _move_artifacts(copy.home / "mlflow.db", str(place.home), str(copy.home))
    return copy


def _move_artifacts(database: Path, before: str, after: str) -> None:
    """Have MLflow look for its files in the copy: it remembers them by their full paths."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info('{table}')").fetchall():
                if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                    connection.execute(
                        f'UPDATE \'{table}\' SET "{column}" = replace("{column}", ?, ?)', (before, after)
                    )
