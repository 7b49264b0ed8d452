"""The cache of publications: what it holds, in which order it loads, and that it leaves nothing behind."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from publication.model import Publication
from publication.store import Store, default_url
from service.publications.repository import PublicationRepository
from service.publications.served import ServedPublication
from tests.builders import CUTOFF, build_publication

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
DAYS = [CUTOFF - timedelta(days=n) for n in range(4)]


class Noted(Store):
    """A store that notes which cutoffs are read, tells when, and answers only while it is open."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.read: list[date] = []
        self.on_read: Callable[[], None] = lambda: None
        self.open = threading.Event()
        self.open.set()

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        found = super().latest(system, cutoff, revision)
        self.read.append(found.cutoff)
        self.on_read()
        assert self.open.wait(timeout=30)
        return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Noted]:
    made = Noted(default_url(tmp_path))
    made.prepare()
    for day in DAYS:
        made.issue(build_publication(day, recent_days=1))
    yield made
    made.close()


def test_a_new_publication_waits_for_one_older_one_however_many_are_asked_for(store: Noted) -> None:
    newest, *older = store.summaries()

    async def read() -> list[date]:
        repository = PublicationRepository(store, lambda: NOW)
        store.open.clear()
        asked = [asyncio.create_task(repository.load(summary)) for summary in older]
        while not store.read:
            await asyncio.sleep(0.01)
        renewed = asyncio.create_task(repository.load_newest(newest))
        await asyncio.sleep(0.01)
        store.open.set()
        await asyncio.gather(renewed, *asked)
        return store.read

    assert asyncio.run(read()) == [DAYS[1], DAYS[0], DAYS[2], DAYS[3]]


def test_one_other_publication_than_the_one_read_is_held_and_never_a_third(store: Noted) -> None:
    made: list[weakref.ref[ServedPublication]] = []
    held_while_reading: list[int] = []
    store.on_read = lambda: held_while_reading.append(sum(served() is not None for served in made))

    async def take_up() -> None:
        repository = PublicationRepository(store, lambda: NOW)
        newest, *older = store.summaries()
        for summary in (older[0], newest):
            await repository.load_newest(summary)
            assert repository.newest is not None
            made.append(weakref.ref(repository.newest))
        for summary in older[1:]:
            made.append(weakref.ref(await repository.load(summary)))
        await repository.load_newest(newest)

    asyncio.run(take_up())
    assert held_while_reading == [0, 1, 1, 1, 1]


def test_what_is_read_again_and_again_leaves_nothing_behind(store: Noted) -> None:
    summaries = store.summaries()

    async def frozen_after_each_round() -> list[int]:
        repository = PublicationRepository(store, lambda: NOW)
        await repository.load_newest(summaries[0])
        counts = []
        for _ in range(6):
            for summary in summaries[1:3]:
                await repository.load(summary)
            counts.append(gc.get_freeze_count())
        return counts

    counts = asyncio.run(frozen_after_each_round())
    gc.unfreeze()
    assert counts[-1] - counts[1] < 100  # each reading leaves hundreds of objects in cycles
