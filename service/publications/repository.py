"""Publications by their cutoff, as far as the caller may see them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from publication.errors import MalformedPublicationError, StoreUnreachableError, UnknownPublicationError
from publication.ledger import LiveScores
from publication.model import PublicationSummary
from service.http.problems import InvalidParameter, one_of, unknown
from service.publications.cache import PublicationCache
from service.publications.patience import in_time
from service.publications.poller import StorePoller
from service.publications.ports import PublicationStore
from service.publications.served import ServedPublication

LIST_SECONDS = 5.0
READ_SECONDS = 30.0
"""A list is one query; an older publication, of thousands of series, is read and waits for its turn."""
ASKED_AT_ONCE = 2


class PublicationRepository:
    """The newest publication from memory, older ones from the store; the one last asked for is kept."""

    def __init__(self, store: PublicationStore, cache: PublicationCache, poller: StorePoller) -> None:
        self._store = store
        self._cache = cache
        self._poller = poller
        # Threads of their own: if the store hangs, those that render what is in memory are not stuck with it.
        self._asking = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="archive")

    async def served(
        self, place: str | None, cutoff: date | None = None, revision: int | None = None
    ) -> ServedPublication:
        """The newest publication, or the last (or the given) revision for `cutoff`, as a key of `place` may see it.

        Raises a 404 problem naming the cutoffs there are.
        """
        newest = self._poller.served
        if cutoff is None and revision is None:
            return await newest.view(place)
        served = await self._of(newest, cutoff or newest.heading.cutoff, revision)
        return await served.view(place)

    @property
    def ledger(self) -> LiveScores | None:
        """The newest ledger, if anything has been scored yet."""
        return self._poller.ledger

    async def headings(self, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        """Headings of the served system, newest first."""
        system = self._poller.served.heading.system
        asked = asyncio.get_running_loop().run_in_executor(self._asking, self._store.headings, system, limit)
        return await in_time(asked, LIST_SECONDS)

    async def _of(self, newest: ServedPublication, cutoff: date, revision: int | None) -> ServedPublication:
        if newest.heading.cutoff == cutoff and revision in (None, newest.heading.revision):
            return newest
        if (held := self._cache.held(cutoff, revision)) is not None:
            return held
        try:
            heading = await self._heading(cutoff, revision)
        except (MalformedPublicationError, StoreUnreachableError):
            held = self._cache.previous
            if held is None or held.heading.cutoff != cutoff or revision not in (None, held.heading.revision):
                raise
            return held
        try:
            # Shielded: what is read too late for this caller is there for the next.
            return await in_time(asyncio.shield(self._cache.load(heading)), READ_SECONDS)
        except UnknownPublicationError as error:  # removed between our two looks
            raise _unknown(cutoff, revision, ()) from error

    async def _heading(self, cutoff: date, revision: int | None) -> PublicationSummary:
        headings = await self.headings()
        of_cutoff = [heading for heading in headings if heading.cutoff == cutoff]
        found = next((heading for heading in of_cutoff if revision in (None, heading.revision)), None)
        if found is None:
            raise _unknown(cutoff, revision, of_cutoff or headings)
        return found


def _unknown(
    cutoff: date, revision: int | None, there: "tuple[PublicationSummary, ...] | list[PublicationSummary]"
) -> Exception:
    if any(heading.cutoff == cutoff for heading in there):
        return unknown(
            InvalidParameter("revision", str(revision), one_of([str(heading.revision) for heading in there]))
        )
    cutoffs = list(dict.fromkeys(heading.cutoff.isoformat() for heading in there))
    return unknown(InvalidParameter("cutoff", cutoff.isoformat(), one_of(cutoffs) or "the newest publication only"))
