"""Homes for backups: a history, publications, keys, a champion's files and MLflow's database, without any training."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from publication.key_tables import KEYS_SCHEMA, default_keys_url
from publication.store import Store, default_url
from service.auth.key_store import KeyStore
from service.auth.keys import Key, Scope, new_key
from tests.builders import CUTOFF, build_live_scores, build_publication
from tests.contract.store.witness import ask
from tests.unit.cli.commands import Ended, headroom

NOW = datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC)
NAMES_OF_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
MOVED_COLUMNS = ("experiments.artifact_location", "runs.artifact_uri", "model_versions.source")


@dataclass(frozen=True)
class Home:
    """A home, its system, and the addresses of its store and keys."""

    folder: Path
    system: Path
    store_url: str

    @property
    def keys_url(self) -> str:
        return default_keys_url(self.store_url, self.folder)

    @property
    def history(self) -> Path:
        return self.folder / "history" / "northshire"

    def run(self, command: str, *options: object, allowed: int = 0, **environ: str) -> Ended:
        """Run a command on the home, which must end with the allowed exit code."""
        where = ("--system", self.system, "--home", self.folder)
        ended = headroom(command, *options, *where, **{"HEADROOM_STORE_URL": self.store_url, **environ})
        assert ended.exit_code == allowed, ended.out + ended.err
        return ended

    def backup(self, out: Path) -> Path:
        """Return the folder of a new backup."""
        before = set(out.glob("*"))
        self.run("backup", "--out", out)
        (made,) = set(out.glob("*")) - before
        return made

    def issue(self, n: int) -> None:
        """Issue a publication of one more day."""
        with closing(Store(self.store_url)) as store:
            store.prepare()
            store.issue(build_publication(CUTOFF + timedelta(days=n), with_headroom=True))

    def keys(self) -> tuple[Key, ...]:
        with closing(KeyStore(self.keys_url)) as store:
            return store.read().keys

    def add_key(self, name: str) -> None:
        with closing(KeyStore(self.keys_url, writable=True)) as store:
            store.add(new_key(name, frozenset({Scope.READ}), NOW, "RXH", 60, NOW + timedelta(days=90))[0])


def empty_home(folder: Path, system: Path, store_url: str | None = None) -> Home:
    """A home that is not there yet."""
    return Home(folder, system, store_url or default_url(folder))


def filled_home(folder: Path, template: Path, store_url: str | None = None) -> Home:
    """A home with everything that a backup has."""
    home = empty_home(folder, template / "system" / "system.toml", store_url)
    shutil.copytree(template / "home", home.folder)
    for n in range(3):
        home.issue(n)
    with closing(Store(home.store_url)) as store:
        store.save_live_scores(build_live_scores())
    for name in ("board", "excel"):
        home.add_key(name)
    champions = home.folder / "champions" / "northshire"
    (champions / "7-abc").mkdir(parents=True)
    (champions / "7-abc" / "version.json").write_text("{}")
    (champions / "champion.json").write_text(json.dumps({"name": "northshire", "version": 7, "run_id": "abc"}))
    (champions / ".fetching-1").mkdir()
    (champions / ".fetching-1" / "half").write_text("half of a version")
    _make_mlflow(home.folder)
    return home


def _make_mlflow(folder: Path) -> None:
    """Tables and files as MLflow has them, as far as a backup knows them."""
    artifacts = folder / "mlartifacts"
    (artifacts / "abc" / "artifacts").mkdir(parents=True)
    (artifacts / "abc" / "artifacts" / "model.bin").write_bytes(bytes(range(256)))
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection, connection:
        for column in MOVED_COLUMNS:
            table, name = column.split(".")
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {name} VARCHAR)")
            for location in (artifacts.as_uri(), f"{artifacts.as_uri()}/abc", f"{artifacts.as_uri()}-2/abc", None):
                connection.execute(f"INSERT INTO {table} ({name}) VALUES (?)", (location,))


def locations(folder: Path) -> dict[str, list[object]]:
    """Return the addresses in the database of MLflow."""
    url = f"sqlite:///{folder / 'mlflow.db'}"
    return {
        column: [
            value for (value,) in ask(url, f"SELECT {column.split('.')[1]} FROM {column.split('.')[0]} ORDER BY id")
        ]
        for column in MOVED_COLUMNS
    }


def rows(url: str, tables: tuple[str, ...] | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, by plain SQL, in the terms of no database."""
    kind = url.partition(":")[0]
    names = tables or tuple(sorted(str(name) for (name,) in ask(url, NAMES_OF_TABLES[kind])))
    return {
        name: sorted((tuple(map(_plain, row)) for row in ask(url, f"SELECT * FROM {name}")), key=repr) for name in names
    }


def key_rows(home: Home) -> list[tuple[object, ...]]:
    """Return every row of the table of keys."""
    name = "keys" if home.keys_url.startswith("sqlite") else f"{KEYS_SCHEMA}.keys"
    return rows(home.keys_url, (name,))[name]


def _plain(value: object) -> object:
    """An instant, a day and JSON as one kind of text, whichever database they are from."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value


def files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def content(home: Home) -> Iterator[tuple[str, object]]:
    """Yield all that a backup must bring back, read without it."""
    yield "history", {name: digest for name, digest in files(home.history).items() if name != ".lock"}
    yield (
        "champions",
        {name: digest for name, digest in files(home.folder / "champions").items() if "fetching" not in name},
    )
    yield "artifacts", files(home.folder / "mlartifacts")
    yield "store", rows(home.store_url)
    yield "keys", key_rows(home)
