"""`headroom migrate`: bring the publication store to this release."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from rich.console import Console
from sqlalchemy import Connection, inspect

from publication.store import Store
from training import migrations
from training.files import at_home, check_home
from training.settings import Settings

BEFORE_VERSIONS = (("remarks", "0003"), ("headroom", "0002"), ("publications", "0001"))
"""Tables that only stores of an early release have, before versions were written into them, and that version."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the steps up to `to`, or all. Tables without a version show which step they are of."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    if MigrationContext.configure(connection).get_current_revision() is None:
        there = set(inspect(connection).get_table_names())
        reached = next((version for table, version in BEFORE_VERSIONS if table in there), None)
        if reached is not None:
            command.stamp(config, reached)
    command.upgrade(config, to)


def run(settings: Settings, console: Console) -> None:
    """Run all steps that the store lacks, in one transaction: none of them, where one fails."""
    if settings.store_url.startswith("sqlite:///"):
        check_home(settings.home)
        with at_home("Making the home"):
            settings.home.mkdir(parents=True, exist_ok=True)
    store = Store(settings.store_url)
    try:
        store.check_not_newer()
        before, after = store.migrate(upgrade)
    finally:
        store.close()
    console.print(
        f"The publication store is of version {after} already."
        if before == after
        else f"The publication store went from version {before or 'none'} to {after}."
    )
