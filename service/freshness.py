"""Keeps what is served fresh: notices a new publication in the store, and swaps it in whole."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from publication.errors import StoreUnreachableError
from publication.model import Heading, Publication
from service.edition import Edition
from service.problems import NothingToServeError

Clock = Callable[[], datetime]

PATIENCE_SECONDS = 15.0
"""How long one look at the store may take before it counts as lost; longer than the store's own connect timeout."""
FIRST_LOOK_SECONDS = 5.0

NOTHING_YET = (
    "No publication has been issued yet. Run `headroom daily --system system.toml` with the same --home or store."
)

logger = logging.getLogger(__name__)


class PublicationStore(Protocol):
    """What the service asks of publication.store.Store: it only reads."""

    def latest(
        self, system: str | None = None, cutoff: date | None = None, revision: int | None = None
    ) -> Publication: ...

    def headings(self, system: str | None = None, limit: int | None = None) -> tuple[Heading, ...]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look at the store found. Replaced as one object, so no request sees half of it."""

    edition: Edition | None = None
    store_up: bool = False
    store_reached_at: datetime | None = None


class Watcher:
    """Looks at the store every few seconds, and holds the newest edition."""

    def __init__(self, store: PublicationStore, clock: Clock, poll_seconds: float, system: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._system = system
        self._first_look = asyncio.Event()
        self.seen = Seen()

    @property
    def edition(self) -> Edition:
        """The newest edition. Raises a 503 problem before the first."""
        if self.seen.edition is None:
            raise NothingToServeError(NOTHING_YET, store=self.store_state)
        return self.seen.edition

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

    async def look(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """One look, off the event loop. A store that does not answer in time counts as lost until it does."""
        looking = asyncio.create_task(asyncio.to_thread(self._look))
        while not looking.done():
            await asyncio.wait({looking}, timeout=patience_seconds)
            if not looking.done() and self.seen.store_up:
                logger.error("The publication store has not answered for %g seconds.", patience_seconds)
                self.seen = replace(self.seen, store_up=False)
        self.seen = looking.result()

    async def _look_on(self) -> None:
        while True:
            await self.look()
            self._first_look.set()
            await asyncio.sleep(self._poll_seconds)

    def _look(self) -> Seen:
        try:
            edition = self._newest()
        except StoreUnreachableError as error:
            if self.seen.store_up or self.seen.store_reached_at is None:
                logger.error("%s The last publication is still served.", error)
            return replace(self.seen, store_up=False)
        except Exception:  # whatever a damaged store holds, what is served goes on being served
            logger.exception("Reading the newest publication failed. The last publication is still served.")
            return replace(self.seen, store_up=False)
        return Seen(edition, store_up=True, store_reached_at=self._clock())

    def _newest(self) -> Edition | None:
        """The newest edition: the one already held where the store has none newer."""
        held = self.seen.edition
        # Without a named system the first one found is kept to: a shared store must not make the page change hospitals.
        system = self._system or (held.heading.system if held else None)
        headings = self._store.headings(system, limit=1)
        if not headings or (held is not None and headings[0] == held.heading):
            return held
        return load(self._store, headings[0], self._clock())


def load(store: PublicationStore, heading: Heading, now: datetime) -> Edition:
    """The publication under `heading`, with its whole representations rendered."""
    edition = Edition(store.latest(heading.system, heading.cutoff, heading.revision), heading)
    edition.render_whole(now)
    logger.info("Serving %s for cutoff %s, revision %s.", heading.system, heading.cutoff, heading.revision)
    return edition
