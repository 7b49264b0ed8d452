"""Faults that are written into the store: each fires its alerts and no others, and they clear.

`test_alerts_of_a_hospital.py` drives a simulated hospital through the faults that its extracts and jobs can have.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publication.control import ControlCheck, ControlState, Signal
from publication.job_runs import JobName, JobRun
from publication.live_scores import LiveScores
from publication.store import Store, default_url
from tests import servers
from tests.acceptance.alerting import QUIET_SECONDS, Alerting, alerting
from tests.acceptance.journey import eventually
from tests.builders import build_publication

pytestmark = pytest.mark.drill

SYSTEM = "northshire"


@dataclass
class Watched:
    """A home with its store and its service, and what hears of its alerts."""

    home: Path
    store: Store
    service_port: int
    alerting: Alerting
    stack: ExitStack = field(default_factory=ExitStack)
    revision: int = 0

    def serve(self) -> None:
        self.stack.enter_context(servers.service(self.home, port=self.service_port, HEADROOM_POLL_SECONDS="1"))

    def publish(self, **more: object) -> None:
        """Issue another revision of yesterday's publication, which differs in its counts."""
        self.revision += 1
        differs: dict[str, Any] = {"fallbacks": (), "scale": 1 + self.revision / 1000, **more}
        made = build_publication(yesterday(), **differs)
        self.store.issue(replace(made, issued_at=datetime.now(UTC)))

    def ran(self, job: JobName, exit_code: int | None, ago: timedelta = timedelta()) -> None:
        """Record a run of a job that began so long ago; without an exit code it has not ended."""
        run = JobRun(SYSTEM, job, datetime.now(UTC) - ago)
        run_id = self.store.start_job(run)
        if exit_code is not None:
            self.store.end_job(run_id, replace(run, duration=timedelta(seconds=2), exit_code=exit_code))

    def controlled(self, *signals: ControlCheck) -> None:
        """Save live scores with these signals."""
        last = yesterday()
        signal = Signal("RXH/occupancy", last - timedelta(days=5), last, 0.1, 0.0)
        states = tuple(
            ControlState("occupancy", check, 91, 2.0 if check in signals else 0.0, signal if check in signals else None)
            for check in ControlCheck
        )
        first = last - timedelta(days=90)
        self.store.save_live_scores(LiveScores(SYSTEM, datetime.now(UTC), first, last, 91, (), control=states))

    def keys(self, *command: str) -> None:
        ended = servers.run_service(self.home, "keys", *command)
        assert ended.returncode == 0, ended.stderr


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A healthy system: published, scored, every job ended well, and Prometheus has its key."""
    home, port = tmp_path_factory.mktemp("home"), servers.free_port()
    key = servers.make_key(home, "prometheus", "--scope", "metrics")
    store = Store(default_url(home))
    store.prepare()
    with alerting(home / "alerting", port, key) as watching, ExitStack() as stack:
        made = Watched(home, store, port, watching)
        stack.callback(lambda: made.stack.close())
        made.publish()
        made.controlled()
        for job in (JobName.INGEST, JobName.SCORE, JobName.TRAIN, JobName.PROMOTE, JobName.PUBLISH, JobName.DAILY):
            made.ran(job, 0)
        made.serve()
        yield made
    store.close()


@dataclass(frozen=True)
class Fault:
    """A fault, the alerts that people get, and its end."""

    happens: Callable[[Watched], None]
    expected: frozenset[str]
    ends: Callable[[Watched], None]


FAULTS = {
    "biased forecasts of inputs that drift": Fault(
        lambda of: of.controlled(ControlCheck.BIAS, ControlCheck.LEVEL),
        frozenset({"HeadroomForecastsOffTarget", "HeadroomInputsDrift"}),
        lambda of: of.controlled(),
    ),
    "intervals too narrow": Fault(
        lambda of: of.controlled(ControlCheck.COVERAGE),
        frozenset({"HeadroomForecastsOffTarget"}),
        lambda of: of.controlled(),
    ),
    "a rejected challenger": Fault(
        lambda of: of.ran(JobName.PROMOTE, 5), frozenset(), lambda of: of.ran(JobName.PROMOTE, 0)
    ),
    "a job that was killed": Fault(
        lambda of: of.ran(JobName.EXPORT, None, ago=timedelta(hours=4)),
        frozenset({"HeadroomJobUnfinished"}),
        lambda of: of.ran(JobName.EXPORT, 0),
    ),
    "a key that soon expires": Fault(
        lambda of: of.keys("create", "board", "--expires", f"{yesterday() + timedelta(days=4)}"),
        frozenset({"HeadroomKeyExpires"}),
        lambda of: of.keys("revoke", "board"),
    ),
    "the service ends": Fault(
        lambda of: of.stack.close(), frozenset({"HeadroomServiceDown"}), Watched.serve
    ),
}  # fmt: skip


def test_a_healthy_system_alerts_nobody(watched: Watched) -> None:
    watched.alerting.check_clear()  # Prometheus began before the service
    assert not eventually(lambda: watched.alerting.alerts != set(), QUIET_SECONDS), watched.alerting.alerts


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fires_its_alerts_and_no_others_and_they_clear(watched: Watched, name: str) -> None:
    fault = FAULTS[name]
    fault.happens(watched)
    try:
        watched.alerting.check_fire(fault.expected)
    finally:
        fault.ends(watched)
    watched.alerting.check_clear()
