"""The steps that lead the tables of a store from one version to a later one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

BEFORE_VERSIONS = (("remarks", "0003"), ("headroom", "0002"), ("publications", "0001"))
"""Tables that only stores of an early release have, before versions were written into them, and that version."""


def version_of(connection: Connection) -> str | None:
    """Return the version of the tables, which show it themselves where none is written; None where there are none."""
    written = MigrationContext.configure(connection).get_current_revision()
    return _version_without_stamp(connection) if written is None else written


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the steps up to `to`, or all. Tables without a version show which step they are of."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    if MigrationContext.configure(connection).get_current_revision() is None:
        reached = _version_without_stamp(connection)
        if reached is not None:
            command.stamp(config, reached)
    command.upgrade(config, to)


def _version_without_stamp(connection: Connection) -> str | None:
    there = set(inspect(connection).get_table_names())
    return next((version for table, version in BEFORE_VERSIONS if table in there), None)
