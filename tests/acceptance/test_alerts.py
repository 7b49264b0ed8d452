"""A real Prometheus and Alertmanager watch the service: each fault fires its alerts and no others, and they clear.

The rules are those that are deployed; only their `for` is a second, and Alertmanager waits for none.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from publication.control import ControlCheck, ControlState, Signal
from publication.job_runs import JobName, JobRun
from publication.live_scores import LiveScores
from publication.model import Note
from publication.store import Store, default_url
from publication.vocabulary import NoteKind
from tests import servers
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT
from tests.builders import build_publication

pytestmark = pytest.mark.drill

SYSTEM = "northshire"
FIRES_SECONDS, CLEARS_SECONDS, QUIET_SECONDS = 360.0, 90.0, 8.0
"""A publication that is served is compared with the store every five minutes."""
PROGRAMS = ("prometheus", "prometheus-alertmanager")


@contextmanager
def server(command: list[str], port: int, log: Path) -> Iterator[str]:
    """Return the address of a program that listens on the port, as long as the block runs."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
    try:
        servers.wait_until_listening(port, process, log)
        yield f"http://{servers.LOOPBACK}:{port}"
    finally:
        servers.stop(process)


def at_once(rules: Path) -> str:
    """Return the deployed rules with alerts that fire after a second."""
    groups = yaml.safe_load(rules.read_text())
    for group in groups["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["for"] = "1s"
    return str(yaml.safe_dump(groups))


def prometheus_settings(service: int, alertmanager: int) -> str:
    """Return the deployed settings, with the addresses of this test, a scrape a second."""
    settings = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())
    settings["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"{servers.LOOPBACK}:{alertmanager}"]
    settings["scrape_configs"][0] |= {
        "authorization": {"credentials_file": "headroom.key"},  # as its comment says
        "static_configs": [{"targets": [f"{servers.LOOPBACK}:{service}"]}],
    }
    return str(yaml.safe_dump(settings))


def alertmanager_settings() -> str:
    """Return the deployed settings without waiting, and with receivers that reach nobody."""
    settings = yaml.safe_load((ROOT / "deploy" / "alertmanager.yml").read_text())
    settings["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    settings["receivers"] = [{"name": receiver["name"]} for receiver in settings["receivers"]]
    return str(yaml.safe_dump(settings))


@dataclass
class Watched:
    """A home with its store, its service, and an Alertmanager that hears of its alerts."""

    home: Path
    store: Store
    alertmanager: str
    stack: ExitStack = field(default_factory=ExitStack)
    service_port: int = 0
    revision: int = 0

    @property
    def alerts(self) -> set[str]:
        """The alerts that are sent to people now."""
        answer = httpx.get(f"{self.alertmanager}/api/v2/alerts", params={"active": "true", "inhibited": "false"})
        return {alert["labels"]["alertname"] for alert in answer.json()}

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

    def damage_newest(self) -> None:
        """Cut the newest document short in its file, as a broken disk does."""
        with sqlite3.connect(self.home / "publications.db") as file:
            file.execute(
                "UPDATE publications SET document = substr(document, 1, length(document) / 2) "
                "WHERE id = (SELECT max(id) FROM publications)"
            )
        file.close()


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A healthy system: published, scored, every job ended well, and Prometheus has its key."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"absent: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("watched")
    home = folder / "home"
    home.mkdir()
    service, prometheus, alertmanager = (servers.free_port() for _ in range(3))
    (folder / "alerts.yml").write_text(at_once(ROOT / "deploy" / "alerts.yml"))
    (folder / "prometheus.yml").write_text(prometheus_settings(service, alertmanager))
    (folder / "alertmanager.yml").write_text(alertmanager_settings())
    (folder / "headroom.key").write_text(servers.make_key(home, "prometheus", "--scope", "metrics"))
    store = Store(default_url(home))
    store.prepare()
    with ExitStack() as stack:
        address = stack.enter_context(
            server(
                [
                    "prometheus-alertmanager",
                    "--config.file=alertmanager.yml",
                    "--storage.path=alertmanager",
                    f"--web.listen-address={servers.LOOPBACK}:{alertmanager}",
                    "--cluster.listen-address=",
                ],
                alertmanager,
                folder / "alertmanager.log",
            )
        )
        made = Watched(home, store, address, service_port=service)
        stack.callback(lambda: made.stack.close())
        made.publish()
        made.controlled()
        for job in (JobName.INGEST, JobName.SCORE, JobName.TRAIN, JobName.PROMOTE, JobName.PUBLISH, JobName.DAILY):
            made.ran(job, 0)
        made.serve()
        stack.enter_context(
            server(
                [
                    "prometheus",
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=prometheus",
                    f"--web.listen-address={servers.LOOPBACK}:{prometheus}",
                ],
                prometheus,
                folder / "prometheus.log",
            )
        )
        yield made
    store.close()


@dataclass(frozen=True)
class Fault:
    """A fault, the alerts that people get, and its end."""

    happens: Callable[[Watched], None]
    expected: frozenset[str]
    ends: Callable[[Watched], None]


FAULTS = {
    "a level break": Fault(
        lambda of: of.controlled(ControlCheck.BIAS, ControlCheck.LEVEL),
        frozenset({"HeadroomForecastsOffTarget", "HeadroomInputsDrift"}),
        lambda of: of.controlled(),
    ),
    "intervals too narrow": Fault(
        lambda of: of.controlled(ControlCheck.COVERAGE),
        frozenset({"HeadroomForecastsOffTarget"}),
        lambda of: of.controlled(),
    ),
    "a dead feed": Fault(
        lambda of: of.publish(notes=(Note(NoteKind.SILENT, "RXH1/occupancy is silent."),)),
        frozenset({"HeadroomDataDoubted"}),
        lambda of: of.publish(),
    ),
    "a frozen feed": Fault(
        lambda of: of.publish(notes=(Note(NoteKind.SUSPECT, "RXH1/occupancy is suspect."),)),
        frozenset({"HeadroomDataDoubted"}),
        lambda of: of.publish(),
    ),
    "a broken model": Fault(
        lambda of: of.publish(fallbacks=[series.key for series in build_publication().series]),
        frozenset({"HeadroomManyFallbacks"}),
        lambda of: of.publish(),
    ),
    "a failed job": Fault(
        lambda of: of.ran(JobName.DAILY, 3), frozenset({"HeadroomJobFailed"}), lambda of: of.ran(JobName.DAILY, 0)
    ),
    "a rejected challenger": Fault(
        lambda of: of.ran(JobName.PROMOTE, 5), frozenset(), lambda of: of.ran(JobName.PROMOTE, 0)
    ),
    "a job that was killed": Fault(
        lambda of: of.ran(JobName.EXPORT, None, ago=timedelta(hours=4)),
        frozenset({"HeadroomJobUnfinished"}),
        lambda of: of.ran(JobName.EXPORT, 0),
    ),
    "a corrupt store": Fault(
        Watched.damage_newest, frozenset({"HeadroomStoreCorrupt"}), lambda of: of.publish()
    ),
    "a key that soon expires": Fault(
        lambda of: of.keys("create", "board", "--expires", f"{yesterday() + timedelta(days=4)}"),
        frozenset({"HeadroomKeyExpires"}),
        lambda of: of.keys("revoke", "board"),
    ),
    "the key of Prometheus has expired": Fault(
        lambda of: of.keys("expire", "prometheus", "--date", f"{yesterday()}"),
        frozenset({"HeadroomServiceDown"}),
        lambda of: of.keys("expire", "prometheus", "--date", f"{yesterday() + timedelta(days=300)}"),
    ),
    "the service ends": Fault(
        lambda of: of.stack.close(), frozenset({"HeadroomServiceDown"}), Watched.serve
    ),
}  # fmt: skip


def test_a_healthy_system_alerts_nobody(watched: Watched) -> None:
    assert not eventually(lambda: watched.alerts != set(), QUIET_SECONDS), watched.alerts


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fires_its_alerts_and_no_others_and_they_clear(watched: Watched, name: str) -> None:
    fault = FAULTS[name]
    fault.happens(watched)
    try:
        assert eventually(lambda: watched.alerts == fault.expected, FIRES_SECONDS), watched.alerts
        assert not eventually(lambda: watched.alerts != fault.expected, QUIET_SECONDS), watched.alerts
    finally:
        fault.ends(watched)
    assert eventually(lambda: watched.alerts == set(), CLEARS_SECONDS), watched.alerts
