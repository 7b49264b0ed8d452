"""`headroom migrate`: bring the publication store to this release."""

from rich.console import Console

from publication.store import Store
from training.files import at_home, check_home
from training.jobs.context import check_restored
from training.migrations.steps import upgrade
from training.settings import Settings


def run(settings: Settings, console: Console) -> None:
    """Run all steps that the store lacks, in one transaction: none of them, where one fails.

    Raises HomeError where a restore of the home has not ended: it would put a store of its own there.
    """
    check_restored(settings)
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
