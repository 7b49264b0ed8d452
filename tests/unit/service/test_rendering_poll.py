"""Complete bodies: rendered after a publication is served, and left where a newer one is to be loaded."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publication.store import Store, default_url
from service.publications.poller import RenderingPoll
from service.publications.repository import PublicationRepository
from tests.builders import CUTOFF, build_publication

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(default_url(tmp_path))
    made.prepare()
    made.issue(build_publication(CUTOFF, recent_days=1))
    yield made
    made.close()


def test_a_publication_is_served_before_its_complete_bodies_are_rendered(store: Store) -> None:
    async def needs_rerender() -> list[bool]:
        repository = PublicationRepository(store, lambda: NOW)
        await repository.load_newest(store.summaries()[0])
        before = repository.current.needs_rerender(NOW)
        is_rendered = await RenderingPoll(repository)()
        again = await RenderingPoll(repository)()
        return [before, is_rendered, repository.current.needs_rerender(NOW), again]

    assert asyncio.run(needs_rerender()) == [True, True, False, False]


def test_before_the_first_publication_nothing_is_rendered(store: Store) -> None:
    assert not asyncio.run(RenderingPoll(PublicationRepository(store, lambda: NOW))())


def test_rendering_ends_without_bodies_once_it_is_stopped(store: Store) -> None:
    async def rendered(stops_after: int) -> bool:
        repository = PublicationRepository(store, lambda: NOW)
        await repository.load_newest(store.summaries()[0])
        asked = iter(range(1000))
        return repository.current.prerender(NOW, lambda: next(asked) >= stops_after) is not None

    assert [asyncio.run(rendered(after)) for after in (0, 2, 999)] == [False, False, True]
