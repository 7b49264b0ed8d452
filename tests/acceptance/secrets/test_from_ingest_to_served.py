"""One day of a hospital with a secret in every setting, logged at every level: nothing that is left of it shows one.

`make drills` runs it.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests import planted, servers
from tests.acceptance.journey import eventually, ready, yesterday_in
from tests.contract.store.databases import new_postgresql_database
from tests.unit.cli.commands import Ended, process

pytestmark = pytest.mark.drill

LOGS_EVERYTHING = Path(__file__).parent / "logs_everything.py"
TABLE = "counts (code text, date date, attendances int, admissions int, discharges int, occupancy int, beds int)"
SOURCES = """
[sources.flows]
url = "{literal}"
query = "SELECT * FROM counts"
place = "code"
day = "date"
measures = {{ attendances = "attendances", admissions = "admissions", discharges = "discharges" }}

[sources.beds]
url = "{variable}"
query = "SELECT * FROM counts"
place = "code"
day = "date"
measures = {{ occupancy = "occupancy", beds = "beds" }}
"""
COMMANDS = [
    "migrate",
    "ingest",
    "history --out {out}/history.parquet --report {out}/report.html",
    "backtest --candidates SeasonalNaive --windows 2 --step 7 --horizon 7 --forecasts {out}/forecasts.parquet",
    "train --candidates SeasonalNaive",
    "promote --force --reason in-the-place-of-{old}",
    "publish --cutoff {earlier}",
    "score",
    "daily",
]
OLD = f"postgresql://hr:{planted.HORSE}@old/hr"
ADDRESSES = [
    "/", "/places/RXA01", "/v1/system", "/v1/series", "/v1/forecasts", "/v1/forecasts?format=csv",
    "/v1/forecasts/RXA01/occupancy", "/v1/publications", "/v1/pressure", "/v1/scores", "/metrics", "/healthz",
    "/readyz", "/docs", "/openapi.json", "/nowhere",
]  # fmt: skip
OPEN_TO_ALL = {"/healthz", "/readyz"}
SCHEMAS = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


@dataclass(frozen=True)
class Day:
    """The commands of a day have run; the service is running."""

    folder: Path
    databases: dict[str, str] = field(repr=False)
    ended: dict[str, Ended] = field(repr=False)
    key: str = field(repr=False)
    service: servers.Service = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The planted words, and the part of the key that nobody may see again."""
        return (*planted.WORDS, self.key.rpartition("_")[2])


def hospital(folder: Path, url: str) -> Path:
    """The system file of a simulated hospital, whose counts are in a database."""
    simulated = process("simulate", "--out", folder, "--days", 100, "--trusts", 1, "--sites", 1)
    assert simulated.exit_code == 0, simulated.err
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE}")
        for extract in sorted((folder / "extract").iterdir()):
            with cursor.copy("COPY counts FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(extract.read_bytes())
    file = folder / "system.toml"
    variable = url.replace(planted.POSTGRESQL_PASSWORD, "${HIS_PASSWORD}")
    general = file.read_text().partition("[sources.daily]")[0].replace("horizon_days = 28", "horizon_days = 7")
    file.write_text(general + SOURCES.format(literal=url, variable=variable))
    return file


def environ_of(databases: dict[str, str], site: Path) -> dict[str, str]:
    """A secret in each variable where people have them."""
    return {
        "PYTHONPATH": f"{site}{os.pathsep}{servers.ROOT}",
        "HEADROOM_STORE_URL": databases["store"],
        "MLFLOW_TRACKING_URI": databases["mlflow"],
        "HIS_PASSWORD": planted.POSTGRESQL_PASSWORD,
        "MLFLOW_TRACKING_PASSWORD": planted.HORSE,
        "MLFLOW_TRACKING_TOKEN": planted.BATTERY,
        "AWS_SECRET_ACCESS_KEY": planted.STAPLE,
    }


@pytest.fixture(scope="module")
def day(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    home, out, site = (folder / name for name in ("home", "out", "site"))
    for new in (home, out, site):
        new.mkdir()
    shutil.copy(LOGS_EVERYTHING, site / "sitecustomize.py")
    databases = {name: new_postgresql_database(postgresql_url) for name in ("hospital", "store", "mlflow")}
    system = hospital(folder / "system", databases["hospital"])
    environ = environ_of(databases, site)
    last = yesterday_in(system.parent)
    ended = {}
    for command in COMMANDS:
        verb, *options = command.format(out=out, earlier=last.replace(day=1), old=OLD).split()
        ended[verb] = process(verb, "--system", system, "--home", home, *options, **environ)
        assert ended[verb].exit_code == 0, ended[verb].err[-2000:]
    made = servers.run_service(home, "keys", "create", "board", "--scope", "read", "--scope", "metrics", **environ)
    assert made.returncode == 0
    key = made.stdout.strip()
    with servers.service(home, port=None, ulimit=None, **environ) as running:
        assert eventually(lambda: ready(running.url))
        yield Day(folder, databases, ended, key, running)


def test_every_command_logged_what_its_libraries_have_to_say(day: Day) -> None:
    """All output is searched for planted words; this shows that there was something to search."""
    assert {verb for verb, ended in day.ended.items() if "DEBUG " not in ended.err} <= {"history"}
    for verb in ("ingest", "score"):  # MLflow, which others import, has SQLAlchemy say less
        assert "INFO sqlalchemy.engine" in day.ended[verb].err


@pytest.mark.parametrize("verb", [command.split()[0] for command in COMMANDS])
def test_no_command_shows_a_secret(day: Day, verb: str) -> None:
    assert planted.planted_in(day.ended[verb].out + day.ended[verb].err, day.secrets) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_answer_shows_a_secret(day: Day, address: str) -> None:
    wrong = f"hr_00c0ffee00_{planted.OPEN_SESAME}".ljust(len(day.key), "x")
    statuses = {}
    for who, headers in {
        "nobody": {},
        "a wrong key": {"Authorization": f"Bearer {wrong}"},
        "the key": {"Authorization": f"Bearer {day.key}"},
    }.items():
        answer = httpx.get(day.service.url + address, headers=headers, timeout=30)
        statuses[who] = answer.status_code
        assert planted.planted_in(answer.content, day.secrets) == []
        assert planted.planted_in(str(answer.headers), day.secrets) == []
    rejected = 200 if address in OPEN_TO_ALL else 401
    served = 404 if address == "/nowhere" else 200
    assert statuses == {"nobody": rejected, "a wrong key": rejected, "the key": served}


def test_no_file_shows_a_secret(day: Day) -> None:
    """Of the home, of what the commands wrote elsewhere, and of MLflow's artifacts, which are in the home."""
    left = [file for part in ("home", "out") for file in (day.folder / part).rglob("*") if file.is_file()]
    assert {"report.html", "service.log", "MLmodel"} <= {file.name for file in left}
    for file in left:
        assert planted.planted_in(file.read_bytes(), day.secrets) == [], file.name


@pytest.mark.parametrize(("name", "has"), [("store", b"northshire"), ("mlflow", b"SeasonalNaive")])
def test_no_table_shows_a_secret(day: Day, name: str, has: bytes) -> None:
    with psycopg.connect(make_url(day.databases[name]).render_as_string(hide_password=False)) as connection:
        rows = b"".join(
            b"".join(bytes(part) for part in copied)
            for schema, table in connection.execute(SCHEMAS).fetchall()
            for copied in copies(connection, schema, table)
        )
    assert has in rows
    assert planted.planted_in(rows, day.secrets) == []


def copies(connection: psycopg.Connection, schema: str, table: str) -> Iterator[psycopg.Copy]:
    """The rows of a table, in binary: text and bytes as they are."""
    with connection.cursor().copy(f'COPY "{schema}"."{table}" TO STDOUT (FORMAT binary)') as copied:
        yield copied
