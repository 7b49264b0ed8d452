"""The steps lead to the tables that a new store gets, from every release there was, and lose nothing on the way."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from rich.console import Console
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from publication.digest import digest
from publication.errors import MalformedPublicationError, SchemaVersionError
from publication.schema import VERSION, metadata
from publication.store import Store, default_url
from tests.builders import CUTOFF, build_publication
from tests.contract.store.witness import ask, fill, tell
from tests.unit.publication.tiny import publication
from training.cli import app
from training.jobs import migrate
from training.migrations.steps import upgrade
from training.settings import Settings

MADE_LATER = {
    "0001": ["drivers", "headroom", "remarks", "scores", "ledgers"],
    "0002": ["remarks", "scores", "ledgers"],
    "0003": ["scores", "ledgers"],
    "0004": ["scores", "ledgers"],
    "0005": [],
}
"""The tables that a store of that step had not got yet."""
LAST_UNSTAMPED = "0003"
"""Since then every store is made with its version."""
LACKS_WEEKDAYS = "ALTER TABLE series DROP COLUMN counted_on"
"""No earlier step knew on which weekdays a series is counted."""
BY_LEAD = """CREATE TABLE forecasts (
    publication_id INTEGER NOT NULL REFERENCES publications (id), unique_id VARCHAR NOT NULL, lead INTEGER NOT NULL,
    ds DATE NOT NULL, mean {number} NOT NULL, quantiles JSON NOT NULL, PRIMARY KEY (publication_id, unique_id, lead))"""
"""A row for each series and day, as it was up to the step below."""
LAST_BY_LEAD = "0003"
NUMBER = {"sqlite": "FLOAT", "postgresql": "DOUBLE PRECISION"}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    url = make_url(store_url)
    made = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    yield made
    made.dispose()


def differences(connection: Connection) -> list[object]:
    """What Alembic's own comparison finds between the database and the tables that the store reads."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def aged(store_url: str, step: str, *, stamped: bool) -> None:
    """Make a new store what it would have been at an earlier step."""
    drops = [f"DROP TABLE {table}" for table in MADE_LATER[step]]
    stamp = f"UPDATE alembic_version SET version_num = '{step}'" if stamped else "DROP TABLE alembic_version"
    tell(store_url, *drops, LACKS_WEEKDAYS, stamp)
    if step <= LAST_BY_LEAD:
        by_lead = [row for series in forecasts(store_url) for row in days(*series)]
        tell(store_url, "DROP TABLE forecasts", BY_LEAD.format(number=NUMBER[store_url.split(":")[0]]))
        if by_lead:
            fill(store_url, "forecasts", by_lead)


def forecasts(store_url: str) -> list[tuple[int, str, date, list[list[float]]]]:
    """Publication, series, cutoff and days of each row there is, in no order that a step could rely on."""
    found = ask(
        store_url,
        "SELECT publication_id, unique_id, cutoff, by_day FROM forecasts JOIN publications ON id = publication_id "
        "ORDER BY unique_id DESC, publication_id",
    )
    return [(int(str(i)), str(of), date.fromisoformat(str(cutoff)), parsed(days)) for i, of, cutoff, days in found]


def parsed(days: object) -> list[list[float]]:
    """psycopg gives lists, sqlite3 the text."""
    read: list[list[float]] = json.loads(days if isinstance(days, str) else json.dumps(days))
    return read


def days(publication_id: int, unique_id: str, cutoff: date, by_day: list[list[float]]) -> list[tuple[object, ...]]:
    """The rows of a series, the last lead first."""
    rows: list[tuple[object, ...]] = [
        (publication_id, unique_id, lead, (cutoff + timedelta(days=lead)).isoformat(), mean, json.dumps(quantiles))
        for lead, (mean, *quantiles) in enumerate(by_day, start=1)
    ]
    return rows[::-1]


def test_all_steps_make_what_a_new_store_gets(connect: Callable[[], Store], engine: Engine) -> None:
    assert connect().migrate(upgrade) == (None, VERSION)
    with engine.connect() as connection:
        assert differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_new_store_is_at_the_newest_step(store: Store, engine: Engine) -> None:
    assert store.migrate(upgrade) == (VERSION, VERSION)
    with engine.connect() as connection:
        assert differences(connection) == []


@pytest.mark.parametrize(
    ("step", "stamped"),
    [*((step, True) for step in MADE_LATER), *((step, False) for step in MADE_LATER if step <= LAST_UNSTAMPED)],
)
def test_a_store_of_an_earlier_release_is_refused_then_brought_up_and_keeps_what_it_has(
    store: Store, store_url: str, connect: Callable[[], Store], engine: Engine, step: str, stamped: bool
) -> None:
    issued = store.issue(publication())
    aged(store_url, step, stamped=stamped)
    with pytest.raises(SchemaVersionError, match="headroom migrate"):
        connect().prepare()
    connect().migrate(upgrade)
    connect().prepare()
    assert store.latest() == issued
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [(VERSION,)]
    assert store.issue(publication(scale=1.1)).revision == 2
    with engine.connect() as connection:
        assert differences(connection) == []


def test_a_store_of_a_newer_release_is_left_alone_in_a_sentence(store: Store, store_url: str, tmp_path: Path) -> None:
    issued = store.issue(publication())
    tell(store_url, "UPDATE alembic_version SET version_num = '9999'")
    settings = Settings(home=tmp_path, store_url=store_url, tracking_uri="")
    with pytest.raises(SchemaVersionError, match=r"of version 9999, .* a newer release: install that"):
        migrate.run(settings, Console())
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert store.latest() == issued


def test_forecasts_by_lead_become_forecasts_by_series_and_keep_every_bit(store: Store, store_url: str) -> None:
    made = [build_publication(CUTOFF - timedelta(days=n), scale=1 / (3 + n), with_drivers=True) for n in range(3)]
    issued, before = [store.issue(of) for of in made], forecasts(store_url)
    aged(store_url, "0003", stamped=True)
    assert ask(store_url, "SELECT count(*) FROM forecasts") == [(28 * len(before),)]
    store.migrate(upgrade)
    assert forecasts(store_url) == before
    for of in issued:
        read = store.latest(cutoff=of.cutoff)
        assert read == of
        assert digest(read) == digest(of)


def test_a_day_that_was_missing_before_is_still_told(store: Store, store_url: str) -> None:
    store.issue(publication())
    aged(store_url, "0003", stamped=True)
    tell(store_url, "DELETE FROM forecasts WHERE unique_id = 'RXA/attendances' AND lead = 1")
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="RXA/attendances is damaged: a lead of 1 to 2 is missing"):
        store.latest()


@pytest.mark.parametrize("quantiles", ["null", "5", '{"0.1": 2}', "{"])
def test_a_day_that_was_damaged_before_is_still_told(store: Store, store_url: str, quantiles: str) -> None:
    if quantiles == "{" and store_url.startswith("postgresql"):
        pytest.skip("PostgreSQL takes no text that is no JSON")
    store.issue(publication())
    aged(store_url, "0003", stamped=True)
    tell(store_url, f"UPDATE forecasts SET quantiles = '{quantiles}' WHERE unique_id = 'RXA/attendances' AND lead = 1")
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="RXA/attendances is damaged: a lead of 1 to 2 is missing"):
        store.latest()


def test_a_table_of_versions_without_one_is_as_none(store: Store, store_url: str) -> None:
    issued = store.issue(publication())
    aged(store_url, LAST_UNSTAMPED, stamped=True)
    tell(store_url, "DELETE FROM alembic_version")
    assert store.migrate(upgrade) == ("0000", VERSION)
    assert store.latest() == issued


def test_a_step_that_fails_leaves_the_store_as_it_was(store: Store, store_url: str, engine: Engine) -> None:
    aged(store_url, "0001", stamped=True)

    def fail_after(connection: Connection) -> None:
        upgrade(connection)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        store.migrate(fail_after)
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [("0001",)]
    with engine.connect() as connection:
        assert "remarks" not in inspect(connection).get_table_names()
        assert "lead" in {column["name"] for column in inspect(connection).get_columns("forecasts")}


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    url = default_url(tmp_path)
    store = Store(url)
    store.prepare()
    store.close()
    aged(url, "0001", stamped=False)
    told = [CliRunner().invoke(app, ["migrate", "--home", str(tmp_path)]) for _ in range(2)]
    assert [result.exit_code for result in told] == [0, 0]
    assert f"went from version 0000 to {VERSION}" in told[0].stdout
    assert f"is of version {VERSION} already" in told[1].stdout
