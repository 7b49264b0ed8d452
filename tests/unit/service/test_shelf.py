"""What the shelf holds, in which order it takes things up, and that it leaves nothing behind."""

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
from service.edition import Edition
from service.shelf import Shelf
from tests.builders import CUTOFF, build_publication

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
DAYS = [CUTOFF - timedelta(days=n) for n in range(4)]


class Noted(Store):
    """A store that notes which cutoffs are read, tells when, and gives none before the gate is open."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.read: list[date] = []
        self.on_read: Callable[[], None] = lambda: None
        self.gate = threading.Event()
        self.gate.set()

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        found = super().latest(system, cutoff, revision)
        self.read.append(found.cutoff)
        self.on_read()
        assert self.gate.wait(timeout=30)
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
    newest, *older = store.headings()

    async def read() -> list[date]:
        shelf = Shelf(store, lambda: NOW)
        store.gate.clear()
        asked = [asyncio.create_task(shelf.older(heading)) for heading in older]
        while not store.read:
            await asyncio.sleep(0.01)
        renewed = asyncio.create_task(shelf.renew(newest))
        await asyncio.sleep(0.01)
        store.gate.set()
        await asyncio.gather(renewed, *asked)
        return store.read

    assert asyncio.run(read()) == [DAYS[1], DAYS[0], DAYS[2], DAYS[3]]


def test_beside_the_one_that_is_read_one_other_is_held_and_never_a_third(store: Noted) -> None:
    made: list[weakref.ref[Edition]] = []
    held_while_reading: list[int] = []
    store.on_read = lambda: held_while_reading.append(sum(edition() is not None for edition in made))

    async def take_up() -> None:
        shelf = Shelf(store, lambda: NOW)
        newest, *older = store.headings()
        for heading in (older[0], newest):
            await shelf.renew(heading)
            assert shelf.newest is not None
            made.append(weakref.ref(shelf.newest))
        for heading in older[1:]:
            made.append(weakref.ref(await shelf.older(heading)))
        await shelf.renew(newest)

    asyncio.run(take_up())
    assert held_while_reading == [0, 1, 1, 1, 1]


def test_what_is_read_again_and_again_leaves_nothing_behind(store: Noted) -> None:
    headings = store.headings()

    async def frozen_after_each_round() -> list[int]:
        shelf = Shelf(store, lambda: NOW)
        await shelf.renew(headings[0])
        counts = []
        for _ in range(6):
            for heading in headings[1:3]:
                await shelf.older(heading)
            counts.append(gc.get_freeze_count())
        return counts

    counts = asyncio.run(frozen_after_each_round())
    gc.unfreeze()
    assert counts[-1] - counts[1] < 100  # each reading leaves hundreds of objects in cycles
