"""The same tests against every database that can hold the store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from publication.store import Store
from tests.contract.store.databases import KINDS, new_database


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: no tables yet."""
    return new_database(request, tmp_path / "publications.db")


@pytest.fixture
def connect(store_url: str) -> Iterator[Callable[[], Store]]:
    """Opens one more store on the database, as another process would; all are closed after the test."""
    with ExitStack() as opened:

        def open_store() -> Store:
            store = Store(store_url)
            opened.callback(store.close)
            return store

        yield open_store


@pytest.fixture
def store(connect: Callable[[], Store]) -> Store:
    """A store with its tables made and nothing in it."""
    prepared = connect()
    prepared.prepare()
    return prepared
