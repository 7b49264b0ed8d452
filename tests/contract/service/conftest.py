"""A store with three publications, and a service over it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publication.store import Store, default_url
from tests.builders import CUTOFF, build_live_scores, build_publication
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch, make_bunch


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(default_url(tmp_path))
    store.prepare()
    yield store
    store.close()


@pytest.fixture(scope="session")
def issued_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A week-old publication, one with a revision, the newest, and live scores. Not to be written to."""
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(CUTOFF - timedelta(days=7), scale=0.5))
    store.issue(build_publication(CUTOFF - timedelta(days=1), scale=0.8))
    store.issue(build_publication(CUTOFF - timedelta(days=1), scale=0.9))
    store.issue(build_publication())
    store.save_live_scores(build_live_scores())
    yield store
    store.close()


@pytest.fixture(scope="session")
def client(issued_store: Store) -> Iterator[Client]:
    """A service over `issued_store`, at six in the morning after the newest cutoff."""
    with serve(issued_store, Clock()) as running:
        running.get_until(
            "/readyz", lambda ready: ready.status_code == 200
        )  # loading may outlast the wait at the start
        yield running


@pytest.fixture(scope="session")
def bunch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bunch]:
    """Keys of every kind. Not to be changed."""
    made = make_bunch(tmp_path_factory.mktemp("keys"))
    yield made
    made.store.close()
