"""Keeps what is served fresh: notices a new publication in the store, and has it swapped in whole."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from publication.errors import (
    MalformedLedgerError,
    MalformedPublicationError,
    SchemaVersionError,
    StoreUnreachableError,
    TimeZoneError,
)
from publication.ledger import LiveScores
from publication.model import PublicationSummary
from service.http.problems import NothingToServeError
from service.publications.cache import PublicationCache
from service.publications.ports import Clock, PublicationStore
from service.publications.served import ServedPublication

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 5.0
"""How long a look at the store may take before it counts as lost."""
READING_SECONDS = 60.0
"""How long reading and rendering a whole publication may take: of 10,000 series, under load, some 13 s."""
FIRST_LOOK_SECONDS = 5.0
DAMAGE_HOLDS = timedelta(minutes=1)
"""A publication found damaged is read again after that: its rows may have been restored."""

NOTHING_YET = (
    "No publication has been issued yet. Run `headroom daily --system system.toml` with the same --home or store."
)
NOTHING_READ = (
    "The publication store has not been read yet: it does not answer, or this user may not read it. The log says why."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What the last look found of the store."""

    store_up: bool = False
    store_reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CorruptPublication:
    """A publication that could not be read, why, and until when that is taken for granted."""

    of: PublicationSummary
    error: MalformedPublicationError | TimeZoneError
    until: datetime


class StorePoller:
    """Polls the store every few seconds, and has the cache load the newest publication."""

    def __init__(
        self,
        store: PublicationStore,
        cache: PublicationCache,
        clock: Clock,
        poll_seconds: float,
        system: str | None = None,
    ) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._system = system
        self._first_look = asyncio.Event()
        self.seen = StoreStatus()
        self._told = ""
        self._told_of_ledger = ""
        self._damage: CorruptPublication | None = None
        self._unknown_zone = ""

    @property
    def served(self) -> ServedPublication:
        """The newest publication. Raises a 503 problem before the first."""
        if self._cache.newest is None:
            nothing = NOTHING_YET if self.seen.store_up else NOTHING_READ
            raise NothingToServeError(self._unknown_zone or nothing, store=self.store_state)
        return self._cache.newest

    @property
    def newest(self) -> ServedPublication | None:
        """The newest publication, if there is one yet."""
        return self._cache.newest

    @property
    def ledger(self) -> LiveScores | None:
        """The newest ledger, if anything has been scored yet."""
        return self._cache.ledger

    @property
    def store_state(self) -> str:
        return "ok" if self.seen.store_up else "unreachable"

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look once before serving (but do not wait long for a slow store), then look on until left."""
        task = asyncio.create_task(self._look_on())
        first = asyncio.create_task(self._first_look.wait())
        await asyncio.wait({first}, timeout=FIRST_LOOK_SECONDS)
        first.cancel()
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def poll_once(
        self, patience_seconds: float = PATIENCE_SECONDS, reading_seconds: float = READING_SECONDS
    ) -> None:
        """One look, off the event loop. A store that does not answer in time counts as lost until it does."""
        try:
            heading = await self._answer(asyncio.to_thread(self._look), patience_seconds)
            if heading is not None and (self._cache.newest is None or heading != self._cache.newest.heading):
                await self._renew(heading, reading_seconds)
            self.seen = StoreStatus(store_up=True, store_reached_at=self._clock())
            await self._answer(self._cache.refresh(), reading_seconds)
            await self._renew_ledger(patience_seconds)
        except TimeZoneError as error:
            self._unknown_zone = f"{error} Then start the service again."
            self._lost(self._unknown_zone, store_up=True)
        except (MalformedPublicationError, SchemaVersionError, StoreUnreachableError) as error:
            self._lost(str(error))
        except Exception as error:  # noqa: BLE001  # whatever is wrong, what is served goes on being served
            self._lost("Reading the newest publication failed.", error)
        else:
            self._told = self._unknown_zone = ""
            self.seen = StoreStatus(store_up=True, store_reached_at=self._clock())

    async def _renew(self, heading: PublicationSummary, reading_seconds: float) -> None:
        """Raises MalformedPublicationError where it is damaged, TimeZoneError where its zone is not known here.

        Neither is looked into anew at every look.
        """
        now, damage = self._clock(), self._damage
        if damage is not None and damage.of == heading and now < damage.until:
            raise type(damage.error)(*damage.error.args)
        try:
            await self._answer(self._cache.load_newest(heading), reading_seconds)
        except (MalformedPublicationError, TimeZoneError) as error:
            self._damage = CorruptPublication(heading, error, now + DAMAGE_HOLDS)
            raise

    async def _renew_ledger(self, patience_seconds: float) -> None:
        """A damaged one is told, and says nothing of the store: publications are read from it as before."""
        sentence = ""
        try:
            await self._answer(self._cache.renew_ledger(), patience_seconds)
        except MalformedLedgerError as error:
            sentence = str(error)
        if sentence not in ("", self._told_of_ledger):
            logger.error("%s The scores of before are still served.", sentence)
        self._told_of_ledger = sentence

    async def _look_on(self) -> None:
        while True:
            before = self._cache.newest
            await self.poll_once()
            self._first_look.set()
            if self._cache.newest is before:  # else one may have been issued while this one was taken up
                await asyncio.sleep(self._poll_seconds)

    async def _answer(self, asked: Coroutine[None, None, Answer], patience_seconds: float) -> Answer:
        """What the store was asked for, however long that takes; beyond the patience it counts as lost meanwhile."""
        answering = asyncio.create_task(asked)
        try:
            while not answering.done():
                await asyncio.wait({answering}, timeout=patience_seconds)
                if not answering.done():
                    self._lost(f"The publication store has not answered for {patience_seconds:g} seconds.")
        finally:
            answering.cancel()
        return answering.result()

    def _look(self) -> PublicationSummary | None:
        """The heading of the newest publication: a look at one row."""
        held = self._cache.newest
        # Without a named system the first one found is kept to: a shared store must not make the page change hospitals.
        system = self._system or (held.heading.system if held else None)
        return next(iter(self._store.headings(system, limit=1)), None)

    def _lost(self, sentence: str, unforeseen: Exception | None = None, *, store_up: bool = False) -> None:
        """Tell it once, not at every look until it is found again."""
        self.seen = replace(self.seen, store_up=store_up)
        if sentence != self._told:
            served = "Nothing is served yet." if self.newest is None else "The last publication is still served."
            logger.error("%s %s", sentence, served, exc_info=unforeseen)
        self._told = sentence
