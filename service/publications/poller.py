"""Polling of stores: for the newest publication, and for whatever else is read again every few seconds."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from publication.errors import (
    MalformedJobRunsError,
    MalformedLiveScoresError,
    MalformedPublicationError,
    SchemaVersionError,
    StoreUnreachableError,
    TimeZoneError,
    UnknownPublicationError,
)
from publication.model import PublicationSummary
from service.publications.repository import Clock, PublicationRepository, StoreState, StoreStatus

Result = TypeVar("Result")

FIRST_POLL_SECONDS = 5.0
POLL_TIMEOUT_SECONDS = 5.0
LOAD_TIMEOUT_SECONDS = 60.0
"""Reading a publication of 10,000 series takes some 5 s under load."""
RENDER_POLL_SECONDS = 0.5
"""A publication that is new is looked for so often, to render its complete bodies."""
CORRUPT_RETRY_AFTER = timedelta(minutes=1)
"""A corrupt publication is read again after that: its rows may have been restored."""
VERIFY_EVERY = timedelta(minutes=5)
"""The publication that is served is compared with the store so often: a damaged one is found before a restart."""
GONE = "The publication that is served is no longer in the store: run `headroom publish` to issue it again."

logger = logging.getLogger(__name__)


class Poller:
    """Calls `poll` again and again. It is called again at once where it returns True, else after `poll_seconds`.

    `on_timeout` is called each time that a poll has gone on for another `timeout_seconds`.
    """

    def __init__(
        self,
        poll: Callable[[], Coroutine[None, None, bool]],
        poll_seconds: float,
        timeout_seconds: float = LOAD_TIMEOUT_SECONDS,
        on_timeout: Callable[[], None] = lambda: None,
    ) -> None:
        self._poll = poll
        self._poll_seconds = poll_seconds
        self._timeout_seconds = timeout_seconds
        self._on_timeout = on_timeout

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll as long as the block runs. It begins after the first poll, or after five seconds."""
        polled = asyncio.Event()
        task = asyncio.create_task(self._poll_on(polled))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_POLL_SECONDS):
                await polled.wait()
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _poll_on(self, polled: asyncio.Event) -> None:
        while True:
            is_more = await report_timeouts(self._poll(), self._timeout_seconds, self._on_timeout)
            polled.set()
            if not is_more:
                await asyncio.sleep(self._poll_seconds)


async def report_timeouts(
    work: Coroutine[None, None, Result], seconds: float, on_timeout: Callable[[], None]
) -> Result:
    """Return the result of `work`, however long it takes. `on_timeout` is called whenever `seconds` have passed."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=seconds)
            if not task.done():
                on_timeout()
    finally:
        task.cancel()
    return task.result()


@dataclass(frozen=True, slots=True)
class CorruptPublication:
    """A publication that could not be read, why, and until when it is not read again."""

    summary: PublicationSummary
    error: MalformedPublicationError | UnknownPublicationError | TimeZoneError
    until: datetime


class PublicationPoll:
    """One poll of the publication store: it has the repository load what is new, and verify what is served."""

    def __init__(self, repository: PublicationRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._logged = ""
        self._logged_of_rest = ""
        self._corrupt: CorruptPublication | None = None
        self._verify_at: datetime | None = None

    async def __call__(
        self, poll_seconds: float = POLL_TIMEOUT_SECONDS, load_seconds: float = LOAD_TIMEOUT_SECONDS
    ) -> bool:
        """Poll, off the event loop. Return whether a publication was loaded: another may have been issued since.

        A store that does not answer in time counts as lost until it does.
        """
        before = self._repository.newest
        try:
            await self._load_all(poll_seconds, load_seconds)
        except TimeZoneError as error:
            self._lost(f"{error} Then start the service again.", StoreState.OK, unknown_zone=True)
        except (MalformedPublicationError, UnknownPublicationError) as error:
            self._lost(str(error), StoreState.CORRUPT)
        except (SchemaVersionError, StoreUnreachableError) as error:
            self._lost(str(error))
        except Exception as error:  # noqa: BLE001  # whatever is wrong, the last publication is still served
            self._lost("Reading the newest publication failed.", error=error)
        else:
            if self._logged:
                logger.info("The publication store answers again.")
            self._logged = ""
            self._set_status(StoreState.OK)
        return self._repository.newest is not before

    async def _load_all(self, poll_seconds: float, load_seconds: float) -> None:
        """Load what is new. A corrupt publication is raised once the rest is loaded."""
        corrupt: MalformedPublicationError | UnknownPublicationError | None = None
        try:
            await self._load_newest(poll_seconds, load_seconds)
        except (MalformedPublicationError, UnknownPublicationError) as error:
            corrupt = error
        await self._load_rest(poll_seconds)
        if corrupt is not None:
            raise corrupt

    async def _load_newest(self, poll_seconds: float, load_seconds: float) -> None:
        """Load the newest publication where it is another one; else verify, every few minutes, the one served."""
        served = self._repository.newest
        summary = await self._answer(self._repository.newest_summary(), poll_seconds)
        if summary is None:
            if served is not None:
                raise UnknownPublicationError(GONE)
        elif served is None or summary != served.summary:
            await self._load(summary, load_seconds)
        elif self._verify_at is not None and self._clock() >= self._verify_at:
            await self._verify(summary, load_seconds)

    async def _verify(self, summary: PublicationSummary, load_seconds: float) -> None:
        await self._unless_corrupt(summary, self._repository.verify, load_seconds)
        self._verify_at = self._clock() + VERIFY_EVERY

    async def _load(self, summary: PublicationSummary, load_seconds: float) -> None:
        await self._unless_corrupt(summary, partial(self._repository.load_newest, summary), load_seconds)
        self._verify_at = self._clock() + VERIFY_EVERY

    async def _unless_corrupt(
        self, summary: PublicationSummary, read: Callable[[], Coroutine[None, None, None]], load_seconds: float
    ) -> None:
        """Read a publication, unless it was found corrupt a moment ago: it is not read again at each poll.

        Raises MalformedPublicationError where it is corrupt, UnknownPublicationError where it is gone, TimeZoneError
        where its zone is not known here.
        """
        now, corrupt = self._clock(), self._corrupt
        if corrupt is not None and corrupt.summary == summary and now < corrupt.until:
            raise type(corrupt.error)(*corrupt.error.args)
        try:
            await self._answer(read(), load_seconds)
        except (MalformedPublicationError, UnknownPublicationError, TimeZoneError) as error:
            self._corrupt = CorruptPublication(summary, error, now + CORRUPT_RETRY_AFTER)
            raise

    async def _load_rest(self, poll_seconds: float) -> None:
        """Load scores and outcomes of jobs. Corrupt ones are logged: publications are still read from the store."""
        sentence = ""
        for load in (self._repository.load_job_outcomes, self._repository.load_scores):
            try:
                await self._answer(load(), poll_seconds)
            except (MalformedLiveScoresError, MalformedJobRunsError) as error:
                sentence = f"{sentence} {error}".strip()
        if sentence not in ("", self._logged_of_rest):
            logger.error("%s Those read before are still served.", sentence)
        self._logged_of_rest = sentence

    def _answer(self, work: Coroutine[None, None, Result], seconds: float) -> Awaitable[Result]:
        sentence = f"The publication store has not answered for {seconds:g} seconds."
        return report_timeouts(work, seconds, lambda: self._lost(sentence))

    def _set_status(self, state: StoreState) -> None:
        self._repository.status = StoreStatus(state, store_reached_at=self._clock())

    def _lost(
        self,
        sentence: str,
        state: StoreState = StoreState.UNREACHABLE,
        *,
        error: Exception | None = None,
        unknown_zone: bool = False,
    ) -> None:
        """Log the sentence once, not at each poll until the store is found again."""
        before = self._repository.status
        why = sentence if unknown_zone else before.unknown_zone
        self._repository.status = replace(before, state=state, unknown_zone=why)
        if sentence != self._logged:
            is_served = self._repository.newest is not None
            served = "The last publication is still served." if is_served else "Nothing is served yet."
            logger.error("%s %s", sentence, served, exc_info=error)
        self._logged = sentence


class RenderingPoll:
    """One poll of what is served: its complete bodies are rendered where they are not there.

    Requests do not wait for it, nor does a newer publication. Until then a complete body is rendered when it is asked
    for.
    """

    def __init__(self, repository: PublicationRepository) -> None:
        self._repository = repository
        self._failed: PublicationSummary | None = None

    async def __call__(self) -> bool:
        """Render, off the event loop. Return whether bodies were rendered."""
        newest = self._repository.newest
        if newest is None or newest.summary == self._failed:
            return False
        try:
            return await self._repository.render_newest()
        except Exception:
            self._failed = newest.summary
            logger.exception("Rendering the newest publication failed: its bodies are rendered when requested.")
            return False
