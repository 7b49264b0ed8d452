"""What is held in memory: the newest publication and one other, never more, however large they are; and the ledger."""

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from publication.ledger import LiveScores
from publication.model import PublicationSummary
from service.publications.ports import Clock, PublicationStore
from service.publications.served import ServedPublication

Made = TypeVar("Made")

logger = logging.getLogger(__name__)


class PublicationCache:
    """The newest publication, and one older: that which was newest before, or that which was last asked for.

    `ledger` is the newest one of the same system, None where nothing has been scored yet.
    """

    def __init__(self, store: PublicationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._one_older_at_a_time = asyncio.Lock()  # a new publication waits for one older one, not for a crowd of them
        # One thread alone: what an publication leaves free is taken again by the next that the same thread makes.
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publications")
        self.newest: ServedPublication | None = None
        self.previous: ServedPublication | None = None
        self.ledger: LiveScores | None = None

    async def load_newest(self, heading: PublicationSummary) -> None:
        """Load the publication, then let it take the place of the newest, in whole and at once."""
        async with self._one_at_a_time:
            self.previous = None
            served = await self._made(lambda: self._load(heading, whole=True))
            if self.newest is not None:
                self.newest.render_cache.keep({})  # who stays on it asks for parts of it
            self.newest, self.previous = served, self.newest
        logger.info("Serving %s for cutoff %s, revision %s.", heading.system, heading.cutoff, heading.revision)

    async def load(self, heading: PublicationSummary) -> ServedPublication:
        """The publication under this heading, loaded in the place of the other one if it is not that."""
        async with self._one_older_at_a_time, self._one_at_a_time:
            found = self.held(heading.cutoff, heading.revision)
            if found is not None and found.heading == heading:
                return found
            found = None  # whoever names it keeps it
            self.previous = None
            self.previous = await self._made(lambda: self._load(heading, whole=False))
            return self.previous

    def held(self, cutoff: date, revision: int | None) -> ServedPublication | None:
        """The publication of this cutoff and revision, if it is in memory."""
        of_cutoff = (e for e in (self.newest, self.previous) if e is not None and e.heading.cutoff == cutoff)
        return next((served for served in of_cutoff if served.heading.revision == revision), None)

    async def refresh(self) -> None:
        """Render the newest again where it has grown late or stale since."""
        async with self._one_at_a_time:
            newest, now = self.newest, self._clock()
            if newest is not None and newest.needs_rerender(now):
                newest.render_cache.keep(await self._made(lambda: newest.prerender(now)))

    async def _made(self, make: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._maker, make)

    async def renew_ledger(self) -> None:
        """Let a ledger that was made since take the place of the one that is held: a look at one row where none was."""
        if self.newest is None:
            return
        system = self.newest.heading.system
        scored_at = await asyncio.to_thread(self._store.scored_at, system)
        if scored_at != (self.ledger.scored_at if self.ledger else None):
            self.ledger = await asyncio.to_thread(self._store.ledger, system)

    def _load(self, heading: PublicationSummary, *, whole: bool) -> ServedPublication:
        self._store.check_version()  # tables may have changed since the service began
        gc.disable()  # it would stop every request to look through what is being made, which has no cycles
        try:
            served = ServedPublication(self._store.latest(heading.system, heading.cutoff, heading.revision), heading)
            if whole:
                served.render_cache.keep(served.prerender(self._clock()))
            gc.collect()  # what was left behind meanwhile would never be freed once it is frozen
            gc.freeze()
        finally:
            gc.enable()
        return served
