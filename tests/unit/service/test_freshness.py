"""A store that hangs is no reason to hang, nor to call it up."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from publication.job_runs import JobOutcome
from publication.live_scores import LiveScores
from publication.model import Publication, PublicationSummary
from publication.store import Store, default_url
from service.publications.poller import Poller, PublicationPoll
from service.publications.repository import PublicationRepository
from tests.builders import build_live_scores, build_publication

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


class Hanging:
    """A store of which one method answers only while it is open."""

    def __init__(self, store: Store, hangs: str = "") -> None:
        self._store = store
        self._hangs = hangs
        self.open = threading.Event()
        self.open.set()

    def check_version(self) -> None:
        self._store.check_version()

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        return self._through("latest").latest(system, cutoff, revision)

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        return self._through("summaries").summaries(system, limit)

    def scored_at(self, system: str) -> datetime | None:
        return self._through("scored_at").scored_at(system)

    def live_scores(self, system: str) -> LiveScores | None:
        return self._through("live_scores").live_scores(system)

    def job_runs_mark(self, system: str | None) -> tuple[int, int]:
        return self._through("job_runs_mark").job_runs_mark(system)

    def job_outcomes(self, system: str | None) -> tuple[JobOutcome, ...]:
        return self._through("job_outcomes").job_outcomes(system)

    def verify(self, summary: PublicationSummary) -> None:
        self._through("verify").verify(summary)

    def close(self) -> None:
        self._store.close()

    def _through(self, method: str) -> Store:
        assert method != self._hangs or self.open.wait(timeout=30)
        return self._store


async def _up_before_during_and_after(store: Hanging, change: Callable[[], object]) -> list[bool]:
    repository = PublicationRepository(store, lambda: NOW)
    poll = PublicationPoll(repository, lambda: NOW)
    await poll()
    up = [repository.status.store_up]
    store.open.clear()
    change()
    polling = asyncio.create_task(poll(poll_seconds=0.01, load_seconds=0.01))
    async with asyncio.timeout(10):
        while repository.status.store_up:
            await asyncio.sleep(0.01)
    up.append(repository.status.store_up)
    assert repository.current.summary.revision == 1
    store.open.set()
    await polling
    return [*up, repository.status.store_up]


@pytest.mark.parametrize("hangs", ["summaries", "latest", "scored_at", "live_scores"])
def test_a_store_that_hangs_counts_as_lost_until_it_answers(tmp_path: Path, hangs: str) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(build_publication(recent_days=1))

    def change() -> None:
        if hangs == "latest":
            store.issue(build_publication(recent_days=1, scale=1.1))
        store.save_live_scores(build_live_scores())

    assert asyncio.run(_up_before_during_and_after(Hanging(store, hangs), change)) == [True, False, True]
    store.close()


class Overtaken(Hanging):
    """A store into which the next revision is issued while the first is read."""

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        read = super().latest(system, cutoff, revision)
        if revision == 1:
            self._store.issue(build_publication(recent_days=1, scale=1.1))
        return read


async def _reached(store: Overtaken, revision: int) -> int:
    """The revision that is served, once it is this one or a later. Raises TimeoutError where it does not come."""
    repository = PublicationRepository(store, lambda: NOW)
    poller = Poller(PublicationPoll(repository, lambda: NOW), poll_seconds=3600)
    async with asyncio.timeout(30), poller.running():
        while repository.current.summary.revision < revision:
            await asyncio.sleep(0.01)
        return repository.current.summary.revision


def test_what_was_issued_while_another_was_taken_up_is_not_left_to_wait(tmp_path: Path) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.issue(build_publication(recent_days=1))
    assert asyncio.run(_reached(Overtaken(store), 2)) == 2
    store.close()
