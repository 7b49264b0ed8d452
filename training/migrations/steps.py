"""Runs the steps that a store lacks."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

BEFORE_VERSIONS = (("remarks", "0003"), ("headroom", "0002"), ("publications", "0001"))
"""What a store has, that was made before its version was written into it, and so which that is."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the steps up to `to`, or all. Tables without a version show which step they are of."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    if MigrationContext.configure(connection).get_current_revision() is None:
        there = set(inspect(connection).get_table_names())
        reached = next((version for table, version in BEFORE_VERSIONS if table in there), None)
        if reached is not None:
            command.stamp(config, reached)
    command.upgrade(config, to)
