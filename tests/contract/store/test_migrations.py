"""The steps lead to the tables that a new store gets, from every release there was, and lose nothing on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from publication.errors import SchemaVersionError
from publication.schema import VERSION, metadata
from publication.store import Store, default_url
from tests.contract.store.witness import ask, tell
from tests.unit.publication.tiny import publication
from training.cli import app
from training.migrations.steps import upgrade

MADE_LATER = {
    "0001": ["drivers", "headroom", "remarks", "scores", "ledgers"],
    "0002": ["remarks", "scores", "ledgers"],
    "0003": ["scores", "ledgers"],
    "0004": [],
}
"""The tables that a store of that step had not got yet."""
LAST_UNSTAMPED = "0003"
"""Since then every store is made with its version."""


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
    tell(store_url, *drops, stamp)


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
    if not stamped or step != VERSION:
        with pytest.raises(SchemaVersionError, match="headroom migrate"):
            connect().prepare()
    connect().migrate(upgrade)
    connect().prepare()
    assert store.latest() == issued
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [(VERSION,)]
    assert store.issue(publication(scale=1.1)).revision == 2
    with engine.connect() as connection:
        assert differences(connection) == []


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
