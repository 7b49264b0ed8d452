"""A service in this process, asked over ASGI, with its real background task and a clock that stands still."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import TypeVar

import httpx
from starlette.types import ASGIApp, Message

from publication.errors import StoreUnreachableError
from publication.job_runs import JobOutcome
from publication.live_scores import LiveScores
from publication.model import Headroom, Publication, PublicationSummary, SeriesForecast
from publication.store import Store
from service.app import create_app
from service.auth.key_cache import Keys
from service.auth.key_rows import StoredKeys
from service.auth.keys import AnonymousPolicy
from service.http.proxies import TrustedProxyMiddleware
from service.observability.logs import RequestLog
from service.settings import Settings

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
POLL_SECONDS = 0.02
GIVE_UP_SECONDS = 30.0
PAUSE_SECONDS, SETTLE_SECONDS = 5.0, 0.5
"""A loop that stood still for longer than a poll may take counts it as lost, until the next one has ended."""

Result = TypeVar("Result")


class Clock:
    """Shows `now` until it is set."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)


class Cable:
    """The line to a store: it can be pulled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.pulled = False

    def check_version(self) -> None:
        self._line().check_version()

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        return self._line().latest(system, cutoff, revision)

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        return self._line().summaries(system, limit)

    def scored_at(self, system: str) -> datetime | None:
        return self._line().scored_at(system)

    def live_scores(self, system: str) -> LiveScores | None:
        return self._line().live_scores(system)

    def headroom_of(self, summary: PublicationSummary) -> tuple[Headroom, ...]:
        return self._line().headroom_of(summary)

    def series_at(self, summary: PublicationSummary, place: str) -> tuple[SeriesForecast, ...]:
        return self._line().series_at(summary, place)

    def job_runs_mark(self, system: str | None) -> tuple[int, int]:
        return self._line().job_runs_mark(system)

    def job_outcomes(self, system: str | None) -> tuple[JobOutcome, ...]:
        return self._line().job_outcomes(system)

    def verify(self, summary: PublicationSummary) -> None:
        self._line().verify(summary)

    def close(self) -> None:
        self._store.close()

    @contextmanager
    def pull(self) -> Iterator[None]:
        """Out while something is changed that must not be seen half done."""
        self.pulled = True
        yield
        self.pulled = False

    def _line(self) -> Store:
        if self.pulled:
            raise StoreUnreachableError("Reaching the publication store at sqlite:////secret/place: the cable is out.")
        return self._store


class Client:
    """Blocking requests to a running service. Plain bodies unless a test asks for gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._runner = asyncio.Runner()
        self._ran_until = time.monotonic()
        self._lifespan = lifespan(app)
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://headroom.test",
            headers={"Accept-Encoding": "identity"},
        )

    def __enter__(self) -> "Client":
        self._runner.run(_enter(self._lifespan))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(_leave(self._lifespan))
        self._runner.run(self._http.aclose())
        self._runner.close()

    def _run(self, work: Coroutine[object, object, Result]) -> Result:
        if time.monotonic() - self._ran_until > PAUSE_SECONDS:
            self._runner.run(asyncio.sleep(SETTLE_SECONDS))
        result = self._runner.run(work)
        self._ran_until = time.monotonic()
        return result

    def get(self, address: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Header names with underscores: `if_none_match="..."`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._run(self._http.request(method, address, headers=named))

    def get_lines(self, address: str, headers: list[tuple[str, str]]) -> httpx.Response:
        """With header lines as they are given, names twice among them."""
        return self._run(self._http.request("GET", address, headers=headers))

    def get_all(self, addresses: list[str]) -> list[httpx.Response]:
        """Many requests at once."""

        async def gather() -> list[httpx.Response]:
            return await asyncio.gather(*(self._http.get(address) for address in addresses))

        return self._run(gather())

    def get_until(self, address: str, holds: Callable[[httpx.Response], bool], **headers: str) -> httpx.Response:
        """Ask until the answer holds: what the background task does takes a moment."""

        async def wait() -> httpx.Response:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                while not holds(response := await self._http.get(address, headers=headers)):
                    await asyncio.sleep(POLL_SECONDS)
                return response

        return self._run(wait())

    def get_after_looks(self, n: int) -> httpx.Response:
        """The readiness once the background task has had the time for so many looks."""

        async def wait() -> httpx.Response:
            await asyncio.sleep(n * POLL_SECONDS)
            return await self._http.get("/readyz")

        return self._run(wait())


class NoKeys:
    """A store of keys in which none was ever made."""

    def read(self) -> StoredKeys:
        return StoredKeys()


def serve(
    store: Store | Cable,
    clock: Clock,
    system: str | None = None,
    keys: Keys | None = None,
    log: RequestLog | None = None,
    allowed_origins: str = "",
    anonymous_policy: AnonymousPolicy = AnonymousPolicy.ALLOW,
    root_path: str = "",
    frame_ancestors: str = "",
    trusted_proxies: str = "",
) -> Client:
    settings = Settings(
        poll_seconds=POLL_SECONDS,
        system_name=system,
        allowed_origins=allowed_origins,
        root_path=root_path,
        frame_ancestors=frame_ancestors,
    )
    app = create_app(settings, store, clock, keys or NoKeys(), anonymous_policy=anonymous_policy, log=log)
    return Client(TrustedProxyMiddleware(app, trusted_proxies) if trusted_proxies else app)


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Run an application's lifespan as a server does: before its first request, and after its last."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, to_app.get, from_app.put)

    task = asyncio.create_task(live())
    for asked in ("startup", "shutdown"):
        await to_app.put({"type": f"lifespan.{asked}"})
        assert (await from_app.get())["type"] == f"lifespan.{asked}.complete"
        if asked == "startup":
            yield
    await task


async def _enter(lifespan: AbstractAsyncContextManager[object]) -> None:
    await lifespan.__aenter__()


async def _leave(lifespan: AbstractAsyncContextManager[object]) -> None:
    await lifespan.__aexit__(None, None, None)
