"""Older publications, asked for by their cutoff."""

import asyncio
from collections import OrderedDict
from datetime import date

from publication.errors import UnknownPublicationError
from publication.model import Heading
from service.edition import Edition
from service.freshness import Clock, PublicationStore, Watcher, load
from service.problems import Finding, one_of, unknown

EDITIONS_KEPT = 4


class Archive:
    """Editions by cutoff: the newest from memory, older ones from the store, the last few asked for kept."""

    def __init__(self, store: PublicationStore, watcher: Watcher, clock: Clock) -> None:
        self._store = store
        self._watcher = watcher
        self._clock = clock
        self._kept: OrderedDict[Heading, Edition] = OrderedDict()

    async def edition(self, cutoff: date | None) -> Edition:
        """The newest edition, or the last revision for `cutoff`. Raises a 404 problem naming the cutoffs there are."""
        newest = self._watcher.edition
        if cutoff is None or cutoff == newest.heading.cutoff:
            return newest
        heading = await self._heading(newest.heading.system, cutoff)
        if heading not in self._kept:
            try:
                self._kept[heading] = await asyncio.to_thread(load, self._store, heading, self._clock())
            except UnknownPublicationError as error:  # removed between our two looks
                raise _unknown(cutoff, []) from error
        self._kept.move_to_end(heading)
        edition = self._kept[heading]
        if len(self._kept) > EDITIONS_KEPT:
            self._kept.popitem(last=False)
        return edition

    async def headings(self, limit: int | None = None) -> tuple[Heading, ...]:
        """Headings of the served system, newest first."""
        return await asyncio.to_thread(self._store.headings, self._watcher.edition.heading.system, limit)

    async def _heading(self, system: str, cutoff: date) -> Heading:
        headings = await asyncio.to_thread(self._store.headings, system)
        found = next((heading for heading in headings if heading.cutoff == cutoff), None)
        if found is None:
            raise _unknown(cutoff, list(dict.fromkeys(heading.cutoff.isoformat() for heading in headings)))
        return found


def _unknown(cutoff: date, cutoffs: list[str]) -> Exception:
    return unknown(Finding("cutoff", cutoff.isoformat(), one_of(cutoffs) or "the newest publication only"))
