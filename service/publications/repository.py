"""The repository of publications: the newest and one other in memory, the rest in the store."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Protocol, TypeVar

from publication.errors import MalformedPublicationError, StoreUnreachableError, UnknownPublicationError
from publication.job_runs import JobOutcome
from publication.live_scores import LiveScores
from publication.model import Publication, PublicationSummary
from service.errors import InvalidParameter, NothingToServeError, UnknownValueError, one_of, unknown
from service.publications.served import CompleteBodies, ServedPublication

Made = TypeVar("Made")
Clock = Callable[[], datetime]
"""The present instant, with its offset."""

LIST_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 30.0
"""A list is one query; an older publication, of thousands of series, is read and waits for its turn."""
LISTED_AT_ONCE = 2

NOTHING_ISSUED = (
    "No publication has been issued yet. Run `headroom daily --system system.toml` with the same --home or store."
)
NOTHING_READABLE = (
    "The newest publication in the store cannot be read: it is damaged. Run `headroom publish --system system.toml` "
    "with the same --home or store. The log says what is damaged."
)
NOTHING_READ = (
    "The publication store has not been read yet: it does not answer, or this user may not read it. The log says why."
)

logger = logging.getLogger(__name__)


class PublicationStore(Protocol):
    """The methods of publication.store.Store that the service calls: it only reads."""

    def check_version(self) -> None: ...

    def latest(
        self, system: str | None = None, cutoff: date | None = None, revision: int | None = None
    ) -> Publication: ...

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]: ...

    def scored_at(self, system: str) -> datetime | None: ...

    def live_scores(self, system: str) -> LiveScores | None: ...

    def job_runs_mark(self, system: str | None) -> tuple[int, int]: ...

    def job_outcomes(self, system: str | None) -> tuple[JobOutcome, ...]: ...

    def verify(self, summary: PublicationSummary) -> None: ...


class StoreState(StrEnum):
    """The state of the store as responses name it. CORRUPT: it answers, and its newest publication cannot be read."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    CORRUPT = "corrupt"


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store at its last poll. `unknown_zone`: why the newest publication's time zone cannot be used here, or ''."""

    state: StoreState = StoreState.UNREACHABLE
    store_reached_at: datetime | None = None
    unknown_zone: str = ""

    @property
    def store_up(self) -> bool:
        """Return whether the store answers."""
        return self.state is not StoreState.UNREACHABLE


NOTHING_SERVED = {
    StoreState.OK: NOTHING_ISSUED,
    StoreState.UNREACHABLE: NOTHING_READ,
    StoreState.CORRUPT: NOTHING_READABLE,
}


class PublicationRepository:
    """Holds the newest publication, and one other: the one that was newest before, or the last one requested.

    There is never a third, however small they are. `live_scores` are the newest of the same system, None before the
    first; `job_outcomes` are those of its jobs. `system` names the system to serve, where a store holds several.
    """

    def __init__(self, store: PublicationStore, clock: Clock, system: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._system = system
        self._one_at_a_time = asyncio.Lock()
        self._one_older_at_a_time = asyncio.Lock()  # a new publication waits for one older one, not for a crowd of them
        # A single thread: the memory that one publication leaves free is used again by the next of the same thread.
        self._loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publications")
        # Threads of their own: if the store hangs, those that render from memory are not stuck with it.
        self._listers = ThreadPoolExecutor(LISTED_AT_ONCE, thread_name_prefix="lists")
        self.newest: ServedPublication | None = None
        self.previous: ServedPublication | None = None
        self.live_scores: LiveScores | None = None
        self.job_outcomes: tuple[JobOutcome, ...] = ()
        self._job_runs_mark = (0, 0)
        self._loads_waiting = 0
        self.status = StoreStatus()

    @property
    def current(self) -> ServedPublication:
        """Return the newest publication. Raises NothingToServeError before the first."""
        if self.newest is None:
            state = self.status.state
            raise NothingToServeError(self.status.unknown_zone or NOTHING_SERVED[state], store=state)
        return self.newest

    async def served(
        self, place: str | None, cutoff: date | None = None, revision: int | None = None
    ) -> ServedPublication:
        """Return the newest publication, or the last (or the given) revision for `cutoff`, restricted to `place`.

        Raises UnknownValueError with the cutoffs that are published.
        """
        newest = self.current
        if cutoff is None and revision is None:
            return await newest.view(place)
        served = await self._of(newest, cutoff or newest.summary.cutoff, revision)
        return await served.view(place)

    async def summaries(self, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        """Return the summaries of the served system, newest first."""
        system = self.current.summary.system
        async with _within(LIST_TIMEOUT_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(self._listers, self._store.summaries, system, limit)

    @property
    def system(self) -> str | None:
        """Return the system to serve: the named one, or that of the first publication; None before there is one.

        It stays: a shared store must not make the page change hospitals.
        """
        return self._system or (self.newest.summary.system if self.newest else None)

    async def newest_summary(self) -> PublicationSummary | None:
        """Return the summary of the newest publication in the store: a query of one row."""
        return next(iter(await asyncio.to_thread(self._store.summaries, self.system, limit=1)), None)

    async def verify(self) -> None:
        """Check that the newest publication is in the store as it is served.

        Raises MalformedPublicationError or UnknownPublicationError where it is damaged or gone.
        """
        if self.newest is not None:
            await self._load_off_loop(partial(self._store.verify, self.newest.summary))

    async def load_newest(self, summary: PublicationSummary) -> None:
        """Load the publication, then replace the newest by it, at once and entirely."""
        async with self._one_at_a_time:
            self.previous = None
            served = await self._loaded(summary)
            if self.newest is not None:
                self.newest.render_cache.replace_complete({})  # the few callers that stay on it request parts of it
            self.newest, self.previous = served, self.newest
            self.status = StoreStatus(StoreState.OK, store_reached_at=self._clock())
        logger.info("Serving %s for cutoff %s, revision %s.", summary.system, summary.cutoff, summary.revision)

    async def load(self, summary: PublicationSummary) -> ServedPublication:
        """Return the publication of this summary, loaded in the place of the other one if it is not in memory."""
        async with self._one_older_at_a_time, self._one_at_a_time:
            found = self.held(summary.cutoff, summary.revision)
            if found is not None and found.summary == summary:
                return found
            found = None  # a reference would keep it in memory
            self.previous = None
            self.previous = await self._loaded(summary)
            return self.previous

    def held(self, cutoff: date, revision: int | None) -> ServedPublication | None:
        """Return the publication of this cutoff and revision, if it is in memory."""
        of_cutoff = (e for e in (self.newest, self.previous) if e is not None and e.summary.cutoff == cutoff)
        return next((served for served in of_cutoff if served.summary.revision == revision), None)

    async def render_newest(self) -> bool:
        """Render the complete bodies of the newest where it is new, or has become late or stale since.

        Return whether it was done. A newer publication does not wait for it: then it is left, and False returned.
        """
        newest, now = self.newest, self._clock()
        if newest is None or not newest.needs_rerender(now):
            return False
        bodies = await self._load_off_loop(lambda: self._prerendered(newest, now))
        if bodies is None or newest is not self.newest:
            return False
        newest.render_cache.replace_complete(bodies)
        return True

    async def load_scores(self) -> None:
        """Replace the live scores where newer ones are stored: a query of one row where there are none."""
        if self.newest is None:
            return
        system = self.newest.summary.system
        scored_at = await asyncio.to_thread(self._store.scored_at, system)
        if scored_at != (self.live_scores.scored_at if self.live_scores else None):
            self.live_scores = await asyncio.to_thread(self._store.live_scores, system)

    async def load_job_outcomes(self) -> None:
        """Replace the outcomes of jobs where a run has begun or ended since: else a query of one row."""
        system = self.system
        mark = await asyncio.to_thread(self._store.job_runs_mark, system)
        if mark != self._job_runs_mark:
            self.job_outcomes = await asyncio.to_thread(self._store.job_outcomes, system)
            self._job_runs_mark = mark

    async def _of(self, newest: ServedPublication, cutoff: date, revision: int | None) -> ServedPublication:
        if newest.summary.cutoff == cutoff and revision in (None, newest.summary.revision):
            return newest
        if (held := self.held(cutoff, revision)) is not None:
            return held
        try:
            summary = await self._summary(cutoff, revision)
        except (MalformedPublicationError, StoreUnreachableError):
            held = self.previous
            if held is None or held.summary.cutoff != cutoff or revision not in (None, held.summary.revision):
                raise
            return held
        try:
            async with _within(READ_TIMEOUT_SECONDS):
                # Shielded: what is read too late for this request is there for the next.
                return await asyncio.shield(self.load(summary))
        except UnknownPublicationError as error:  # removed between the two queries
            raise _unknown(cutoff, revision, ()) from error

    async def _summary(self, cutoff: date, revision: int | None) -> PublicationSummary:
        summaries = await self.summaries()
        of_cutoff = [summary for summary in summaries if summary.cutoff == cutoff]
        found = next((summary for summary in of_cutoff if revision in (None, summary.revision)), None)
        if found is None:
            raise _unknown(cutoff, revision, of_cutoff or summaries)
        return found

    async def _load_off_loop(self, load: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._loader, load)

    async def _loaded(self, summary: PublicationSummary) -> ServedPublication:
        """Load a publication. The rendering of complete bodies stops for it: one thread does both."""
        self._loads_waiting += 1
        try:
            return await self._load_off_loop(lambda: self._load(summary))
        finally:
            self._loads_waiting -= 1

    def _load(self, summary: PublicationSummary) -> ServedPublication:
        self._store.check_version()  # tables may have changed since the service began
        with _new_objects_frozen():
            served = ServedPublication(
                self._store.latest(summary.system, summary.cutoff, summary.revision),
                summary,
                loaded_at=self._clock(),
                shares_second=self._shares_second(summary),
            )
            served.days_over(self._clock())  # a time zone that is not known here is found before it is served
        return served

    def _prerendered(self, newest: ServedPublication, now: datetime) -> CompleteBodies | None:
        """Return the complete bodies; None where a newer publication is waiting to be loaded."""
        with _new_objects_frozen():
            return newest.prerender(now, lambda: self._loads_waiting > 0)

    def _shares_second(self, summary: PublicationSummary) -> bool:
        """Return whether another publication of the system was issued in the same second, or may have been."""
        issued_at = summary.issued_at.replace(microsecond=0)
        try:
            listed = self._store.summaries(summary.system)
        except (MalformedPublicationError, StoreUnreachableError):  # this one can be served all the same
            return True
        return any(of != summary and of.issued_at.replace(microsecond=0) == issued_at for of in listed)


@contextlib.contextmanager
def _new_objects_frozen() -> Iterator[None]:
    """Make objects that last in the block: they are not searched for cycles, which would pause every request."""
    gc.disable()
    try:
        yield
        gc.collect()  # garbage of the meantime would never be freed once it is frozen
        gc.freeze()
    finally:
        gc.enable()


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """A time limit for a query. Raises StoreUnreachableError after it."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise StoreUnreachableError(f"The publication store has not answered for {seconds:g} seconds.") from None


def _unknown(cutoff: date, revision: int | None, published: Sequence[PublicationSummary]) -> UnknownValueError:
    if any(summary.cutoff == cutoff for summary in published):
        revisions = one_of([str(summary.revision) for summary in published])
        return unknown(InvalidParameter("revision", str(revision), revisions))
    cutoffs = list(dict.fromkeys(summary.cutoff.isoformat() for summary in published))
    return unknown(InvalidParameter("cutoff", cutoff.isoformat(), one_of(cutoffs) or "the newest publication only"))
