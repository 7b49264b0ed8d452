"""Earlier publications, as far as pages compare with them: yesterday's free beds, and the forecasts of a week ago."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from cachetools import LRUCache

from publication.days import ONE_DAY
from publication.errors import MalformedPublicationError, StoreUnreachableError, UnknownPublicationError
from publication.model import Headroom, PublicationSummary, SeriesForecast, System
from publication.pressure import headroom_levels
from service.publications.repository import PublicationRepository
from service.publications.served import ServedPublication

SEVEN_DAYS = timedelta(days=7)
OLDEST_COMPARED = timedelta(days=7)
MIDDLE_LEVEL = 0.5
PLACES_REMEMBERED = 64
VIEWS_REMEMBERED = 16
FreeBedsKey = tuple[PublicationSummary, str | None, PublicationSummary, date]
"""The served publication and the place it is restricted to, the earlier publication, and the day."""
SINCE_YESTERDAY = "Since yesterday"
LOST = (MalformedPublicationError, StoreUnreachableError, UnknownPublicationError)

logger = logging.getLogger(__name__)


class EarlierStore(Protocol):
    """The methods of publication.store.Store that read a part of a publication."""

    def headroom_of(self, summary: PublicationSummary) -> tuple[Headroom, ...]: ...

    def series_at(self, summary: PublicationSummary, place: str) -> tuple[SeriesForecast, ...]: ...


@dataclass(frozen=True, slots=True)
class EarlierFreeBeds:
    """Free beds, by place, as an earlier publication has them for a day; empty where there is none to compare with.

    `label` is the head of a column of changes.
    """

    name: str = ""
    free: Mapping[str, float] = field(default_factory=dict)
    label: str = SINCE_YESTERDAY


@dataclass(frozen=True, slots=True)
class EarlierSeries:
    """The series of a place as an earlier publication has them."""

    name: str = ""
    series: tuple[SeriesForecast, ...] = ()


class EarlierPublications:
    """Reads the parts of earlier publications that pages show. What the store does not give is left out of the page."""

    def __init__(self, store: EarlierStore, repository: PublicationRepository) -> None:
        self._store = store
        self._repository = repository
        self._listed: tuple[PublicationSummary, tuple[PublicationSummary, ...]] | None = None
        self._headroom: tuple[PublicationSummary, tuple[Headroom, ...]] | None = None
        self._free_beds: LRUCache[FreeBedsKey, EarlierFreeBeds] = LRUCache(VIEWS_REMEMBERED)
        self._series: LRUCache[tuple[PublicationSummary, str], tuple[SeriesForecast, ...]] = LRUCache(PLACES_REMEMBERED)
        self._one_at_a_time = asyncio.Lock()

    async def free_beds(self, served: ServedPublication, ds: date) -> EarlierFreeBeds:
        """Return the free beds of the day `ds` in the newest publication of an earlier cutoff, at most a week older."""
        summaries = await self._earlier()
        oldest = served.summary.cutoff - OLDEST_COMPARED
        summary = next((of for of in summaries if oldest <= of.cutoff < served.summary.cutoff), None)
        if summary is None:
            return EarlierFreeBeds()
        key = served.summary, served.place, summary, ds
        found = self._free_beds.get(key)
        if found is None:
            headroom = await self._read_headroom(summary)
            found = _free_beds_of(served.publication.system, summary, headroom, ds)
            if headroom:  # a store that does not answer is asked again
                self._free_beds[key] = found
        return found

    async def series_a_week_ago(self, served: ServedPublication, place: str) -> EarlierSeries:
        """Return the series of a place in the last publication of the cutoff a week before."""
        summaries = await self._earlier()
        summary = next((of for of in summaries if of.cutoff == served.summary.cutoff - SEVEN_DAYS), None)
        if summary is None:
            return EarlierSeries()
        name = f"{summary.cutoff.isoformat()}.{summary.revision}"
        return EarlierSeries(name, await self._read_series(summary, place))

    async def _earlier(self) -> tuple[PublicationSummary, ...]:
        """Return the summaries, newest first: listed once for each publication that is served."""
        newest = self._repository.current.summary
        if self._listed is not None and self._listed[0] == newest:
            return self._listed[1]
        if not self._repository.status.store_up:  # no page waits for a store that is known not to answer
            return ()
        try:
            self._listed = newest, await self._repository.summaries()
        except LOST as error:
            logger.warning("A page is shown without earlier publications: %s", error)
            return ()
        return self._listed[1]

    async def _read_headroom(self, summary: PublicationSummary) -> tuple[Headroom, ...]:
        async with self._one_at_a_time:
            if self._headroom is None or self._headroom[0] != summary:
                try:
                    found = await asyncio.to_thread(self._store.headroom_of, summary)
                except LOST as error:
                    logger.warning("A page is shown without changes since %s: %s", summary.cutoff, error)
                    return ()
                self._headroom = summary, found
            return self._headroom[1]

    async def _read_series(self, summary: PublicationSummary, place: str) -> tuple[SeriesForecast, ...]:
        async with self._one_at_a_time:
            if (summary, place) not in self._series:
                try:
                    self._series[summary, place] = await asyncio.to_thread(self._store.series_at, summary, place)
                except LOST as error:
                    logger.warning("A page is shown without the forecasts of %s: %s", summary.cutoff, error)
                    return ()
            return self._series[summary, place]


def _since(cutoff: date, ds: date) -> str:
    """Return the head of a column of changes since the publication of a cutoff, which was issued the day after."""
    issued = cutoff + ONE_DAY
    return SINCE_YESTERDAY if issued == ds - ONE_DAY else f"Since {issued:%a} {issued.day} {issued:%b}"


def _free_beds_of(
    system: System, summary: PublicationSummary, headroom: Iterable[Headroom], ds: date
) -> EarlierFreeBeds:
    free = free_beds_on(system, headroom, (ds - summary.cutoff).days - 1)
    return EarlierFreeBeds(
        f"against the forecast of {summary.cutoff.isoformat()}, revision {summary.revision}",
        {place: beds for place, beds in free.items() if place in system.place_by_id},
        _since(summary.cutoff, ds),
    )


def free_beds_on(system: System, headroom: Iterable[Headroom], position: int) -> dict[str, float]:
    """Return the median free beds of each place on the day at a position of the horizon.

    Places whose headroom was published at other levels than the system's are left out.
    """
    levels = headroom_levels(system)
    middle = levels.index(MIDDLE_LEVEL)
    return {
        of.place: of.headroom[position][middle]
        for of in headroom
        if 0 <= position < len(of.headroom) and len(of.headroom[position]) == len(levels)
    }
