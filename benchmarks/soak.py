"""A soak test: 200 requests a second for 30 minutes, while a publication is issued each minute.

The service is a process of its own over a SQLite store with 150 places, keys and metrics. Requests are those of
dashboards and of Prometheus, at a constant rate that does not wait for answers; half of them carry the ETag of the last
one. The program ends with 1 if a request failed, or if the memory of the service grew by more than 5 %: its highest
after the first five minutes is compared with its highest in them. A run of less than ten minutes is halved instead.

`python -m benchmarks.soak [--minutes 30] [--rate 200] [--sites 119]`
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks.serving.load import Connection, at_constant_rate
from benchmarks.serving.region import publication
from publication.store import Store, default_url
from tests import servers

MINUTE_SECONDS = 60.0
MEMORY_SECONDS = 5.0
FIRST_MINUTES = 5.0
MOST_GROWTH = 0.05
TIMEOUT_SECONDS = 10.0
CONNECTIONS = 64
ANSWERS_TO_ETAG = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
MOST_SHOWN = 10
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
ROUTES = {
    "/": 4,
    "/places/S7": 2,
    "/accuracy": 1,
    "/v1/series?place=S7": 4,
    "/v1/forecasts/S7/occupancy": 12,
    "/v1/forecasts?place=S7&format=csv": 8,
    "/v1/pressure?place=S7&format=csv": 6,
    "/v1/pressure?horizon=7&format=csv": 2,
    "/v1/pressure?limit=20": 4,
    "/v1/scores?format=csv": 1,
    "/v1/publications": 1,
    "/readyz": 1,
    "/metrics": 1,
}
"""The requested routes, and how often each is requested in proportion."""


@dataclass
class Load:
    """Requests that were sent: their seconds from when each was due, their statuses, and those that failed."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    etags: dict[str, str] = field(default_factory=dict)

    async def send(self, connection: Connection, route: str, due: float, conditional: bool) -> None:
        """Send one request, and record its answer."""
        etag = self.etags.get(route, "") if conditional else ""
        try:
            answer = await connection.get(route, etag, TIMEOUT_SECONDS)
        except (OSError, asyncio.IncompleteReadError) as error:  # a time-out is an OSError, too
            self.failed[f"{route}: {type(error).__name__}"] += 1
            return
        self.seconds.append(time.perf_counter() - due)
        self.statuses[answer.status] += 1
        if answer.status not in (ANSWERS_TO_ETAG if etag else {HTTPStatus.OK}):
            self.failed[f"{route}: status {answer.status}"] += 1
        elif answer.etag:
            self.etags[route] = answer.etag


@dataclass(frozen=True)
class Memory:
    """Resident memory of the service in bytes, every few seconds, and how many of these are of the first minutes."""

    resident: list[int]
    n_first: int

    @property
    def growth(self) -> float:
        """The highest after the first minutes, as a share above the highest in them."""
        return max(self.resident[self.n_first :]) / max(self.resident[: self.n_first]) - 1


@dataclass
class Soak:
    """A running service under load."""

    home: Path
    pid: int
    seconds: float
    load: Load = field(default_factory=Load)
    resident: list[int] = field(default_factory=list)
    n_published: int = 0

    async def run(self, connections: list[Connection], rate: float) -> None:
        """Return when the time is up and every request has its answer."""
        requests = list(mixed(int(rate * self.seconds)))

        async def send(connection: Connection, due: float, number: int) -> None:
            route, conditional = requests[number]
            await self.load.send(connection, route, due, conditional)

        began = time.perf_counter()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as publisher:
            load = at_constant_rate(send, len(requests), rate, connections)
            await asyncio.gather(load, self._publish(publisher, began), self._watch(began))

    async def _publish(self, publisher: ProcessPoolExecutor, began: float) -> None:
        """Issue a publication each minute, in another process: the load goes on."""
        loop = asyncio.get_running_loop()
        for number in range(1, int(self.seconds / MINUTE_SECONDS) + 1):
            await loop.run_in_executor(publisher, issue, self.home, number + 1)
            self.n_published += 1
            await sleep_until(began + number * MINUTE_SECONDS)

    async def _watch(self, began: float) -> None:
        for number in range(1, int(self.seconds / MEMORY_SECONDS) + 1):
            await sleep_until(began + number * MEMORY_SECONDS)
            self.resident.append(resident_bytes(self.pid))


def mixed(n: int) -> Iterator[tuple[str, bool]]:
    """Yield routes in proportion, and whether each request carries the last ETag."""
    chance = random.Random(1)  # noqa: S311  no secret
    for route in chance.choices(list(ROUTES), weights=list(ROUTES.values()), k=n):
        yield route, chance.random() < 0.5


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, as Linux counts it."""
    n_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return n_pages * os.sysconf("SC_PAGE_SIZE")


async def sleep_until(instant: float) -> None:
    await asyncio.sleep(max(instant - time.perf_counter(), 0))


def issue(home: Path, seed: int, n_sites: int | None = None) -> None:
    """Issue yesterday's publication, as a new revision where the store has one; other numbers for each seed."""
    store = Store(default_url(home))
    store.prepare()
    if n_sites is None:
        n_sites = sum(place.kind == "site" for place in store.latest("region").system.places)
    store.issue(publication(datetime.now(UTC).date() - timedelta(days=1), n_sites, seed))
    store.close()


def soak(home: Path, minutes: float, rate: float) -> Soak:
    """Return what a service over the home went through."""
    key = servers.make_key(home, "soak", "--scope", "read", "--scope", "metrics", "--per-minute", "1000000000")
    with servers.service(home) as service:
        while httpx.get(f"{service.url}/readyz").status_code != HTTPStatus.OK:
            time.sleep(0.2)
        soaked = Soak(home, service.process.pid, minutes * MINUTE_SECONDS)
        connections = [Connection(service.url, key, "gzip") for _ in range(CONNECTIONS)]
        asyncio.run(soaked.run(connections, rate))
    return soaked


def report(soaked: Soak, minutes: float) -> bool:
    """Print what was found, and return whether both bars are met."""
    load, first_minutes = soaked.load, min(FIRST_MINUTES, minutes / 2)
    memory = Memory(soaked.resident, int(first_minutes * MINUTE_SECONDS / MEMORY_SECONDS))
    n_failed = sum(load.failed.values())
    statuses = ", ".join(f"{count:,} of status {status}" for status, count in sorted(load.statuses.items()))
    print(f"{soaked.n_published} publications issued; {len(load.seconds):,} answers: {statuses}")
    print(f"failed requests: {n_failed} (at most 0)")
    for sentence, count in load.failed.most_common(MOST_SHOWN):
        print(f"  {count} x {sentence}")
    for quantile, seconds in zip(QUANTILES, np.quantile(load.seconds, QUANTILES), strict=True):
        print(f"  latency, {quantile:.1%}: {1000 * seconds:.1f} ms")
    print(f"resident memory, each of {minutes:g} minutes: {per_minute(memory.resident)} MiB")
    print(f"growth after {first_minutes:g} minutes: {memory.growth:+.1%} (at most {MOST_GROWTH:.0%})")
    return n_failed == 0 and memory.growth <= MOST_GROWTH


def per_minute(resident: list[int]) -> str:
    """The highest of each minute, in MiB."""
    n = int(MINUTE_SECONDS / MEMORY_SECONDS)
    return " ".join(f"{max(resident[i : i + n]) / 2**20:.0f}" for i in range(0, len(resident), n))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--sites", type=int, default=119)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        home = Path(folder)
        issue(home, seed=1, n_sites=options.sites)
        soaked = soak(home, options.minutes, options.rate)
    sys.exit(0 if report(soaked, options.minutes) else 1)


if __name__ == "__main__":
    main()
