"""Publications by their cutoff, as far as the caller may see them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from publication.errors import MalformedPublicationError, StoreUnreachableError, UnknownPublicationError
from publication.ledger import Ledger
from publication.model import Heading
from service.access import Visitor
from service.edition import Edition
from service.freshness import Watcher
from service.patience import in_time
from service.ports import PublicationStore
from service.problems import Finding, one_of, unknown
from service.shelf import Shelf

LIST_SECONDS = 5.0
READ_SECONDS = 30.0
"""A list is one query; an older publication, of thousands of series, is read and waits for its turn."""
ASKED_AT_ONCE = 2


class Archive:
    """The newest edition from memory, older ones from the store; the one last asked for is kept."""

    def __init__(self, store: PublicationStore, shelf: Shelf, watcher: Watcher) -> None:
        self._store = store
        self._shelf = shelf
        self._watcher = watcher
        # Threads of their own: if the store hangs, those that render what is in memory are not stuck with it.
        self._asking = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="archive")

    async def edition(self, visitor: Visitor, cutoff: date | None = None, revision: int | None = None) -> Edition:
        """The newest edition, or the last (or the given) revision for `cutoff`, as the visitor sees it.

        Raises a 404 problem naming the cutoffs there are.
        """
        newest = self._watcher.edition
        if cutoff is None and revision is None:
            return await newest.view(visitor.place)
        edition = await self._of(newest, cutoff or newest.heading.cutoff, revision)
        return await edition.view(visitor.place)

    @property
    def ledger(self) -> Ledger | None:
        """The newest ledger, if anything has been scored yet."""
        return self._watcher.ledger

    async def headings(self, limit: int | None = None) -> tuple[Heading, ...]:
        """Headings of the served system, newest first."""
        system = self._watcher.edition.heading.system
        asked = asyncio.get_running_loop().run_in_executor(self._asking, self._store.headings, system, limit)
        return await in_time(asked, LIST_SECONDS)

    async def _of(self, newest: Edition, cutoff: date, revision: int | None) -> Edition:
        if newest.heading.cutoff == cutoff and revision in (None, newest.heading.revision):
            return newest
        if (held := self._shelf.held(cutoff, revision)) is not None:
            return held
        try:
            heading = await self._heading(cutoff, revision)
        except (MalformedPublicationError, StoreUnreachableError):
            held = self._shelf.other
            if held is None or held.heading.cutoff != cutoff or revision not in (None, held.heading.revision):
                raise
            return held
        try:
            # Shielded: what is read too late for this caller is there for the next.
            return await in_time(asyncio.shield(self._shelf.older(heading)), READ_SECONDS)
        except UnknownPublicationError as error:  # removed between our two looks
            raise _unknown(cutoff, revision, ()) from error

    async def _heading(self, cutoff: date, revision: int | None) -> Heading:
        headings = await self.headings()
        of_cutoff = [heading for heading in headings if heading.cutoff == cutoff]
        found = next((heading for heading in of_cutoff if revision in (None, heading.revision)), None)
        if found is None:
            raise _unknown(cutoff, revision, of_cutoff or headings)
        return found


def _unknown(cutoff: date, revision: int | None, there: "tuple[Heading, ...] | list[Heading]") -> Exception:
    if any(heading.cutoff == cutoff for heading in there):
        return unknown(Finding("revision", str(revision), one_of([str(heading.revision) for heading in there])))
    cutoffs = list(dict.fromkeys(heading.cutoff.isoformat() for heading in there))
    return unknown(Finding("cutoff", cutoff.isoformat(), one_of(cutoffs) or "the newest publication only"))
