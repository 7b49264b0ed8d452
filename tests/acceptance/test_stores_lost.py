"""The service in front of PostgreSQL that dies, comes back, or hands over; with a user that may only read."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from publication.store import Store
from tests import servers
from tests.builders import build_publication
from tests.contract.store.databases import new_postgresql_database

pytestmark = pytest.mark.drill

TRUTH_SECONDS = 10.0
ADDRESSES = ["/v1/forecasts/RXH/occupancy", "/v1/forecasts?place=RXK1", "/v1/forecasts?format=csv", "/v1/pressure"]


@dataclass
class Load:
    """Asks without a pause, and keeps what went wrong."""

    url: str
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=10) as client:
            while not self.is_over.is_set():
                for address in ADDRESSES:
                    try:
                        response = client.get(address)
                    except httpx.HTTPError as error:
                        self.failed.append(f"{address}: {error!r}")
                    else:
                        if response.status_code != 200:
                            self.failed.append(f"{address}: {response.status_code}")
                    self.asked += 1


@contextmanager
def load(url: str) -> Iterator[Load]:
    asking = Load(url)
    threads = [threading.Thread(target=asking.run) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield asking
    finally:
        asking.is_over.set()
        for thread in threads:
            thread.join()


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """Seconds until it holds; fails when that takes longer."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def told(url: str) -> tuple[str, bool]:
    """What /readyz and the metrics say of the store."""
    ready = httpx.get(f"{url}/readyz").json()["store"]
    return ready, "headroom_store_up 1.0" in httpx.get(f"{url}/metrics").text


def issue(url: str, days_ago: int = 1, scale: float = 1.0) -> None:
    store = Store(url)
    store.prepare()
    cutoff = datetime.now(UTC).date() - timedelta(days=days_ago)
    store.issue(build_publication(cutoff, with_drivers=True, with_headroom=True, scale=scale))
    store.close()


@pytest.fixture
def clusters() -> Iterator[list[servers.Cluster]]:
    with ExitStack() as running:
        try:
            yield [running.enter_context(servers.postgresql_cluster()) for _ in range(2)]
        except servers.ServerAbsentError as absent:
            pytest.skip(str(absent))


def test_a_store_killed_and_restarted_under_load_fails_no_request(
    clusters: list[servers.Cluster], tmp_path: Path
) -> None:
    cluster = clusters[0]
    issue(cluster.url, days_ago=2)
    issue(cluster.url)
    with servers.service(tmp_path, HEADROOM_STORE_URL=cluster.url) as service, load(service.url) as asking:
        within(TRUTH_SECONDS, lambda: told(service.url) == ("ok", True))
        cluster.kill()
        within(TRUTH_SECONDS, lambda: told(service.url) == ("unreachable", False))
        time.sleep(2)
        cluster.start()
        within(TRUTH_SECONDS, lambda: told(service.url) == ("ok", True))
        issue(cluster.url, scale=1.1)
        within(TRUTH_SECONDS, lambda: revision(service.url) == 2)
    assert asking.failed == []
    assert asking.asked > 100
    assert servers.POSTGRESQL_PASSWORD not in service.log.read_text()


def revision(url: str) -> int:
    found: int = httpx.get(f"{url}/readyz").json()["publication"]["revision"]
    return found


def test_where_one_server_is_lost_another_that_is_named_is_asked(
    clusters: list[servers.Cluster], tmp_path: Path
) -> None:
    for cluster in clusters:
        issue(cluster.url)
    hosts = "&".join(f"host={servers.LOOPBACK}:{cluster.port}" for cluster in clusters)
    url = f"postgresql://{servers.POSTGRESQL_USER}:{servers.POSTGRESQL_PASSWORD}@/postgres?{hosts}"
    with servers.service(tmp_path, HEADROOM_STORE_URL=url) as service, load(service.url) as asking:
        within(TRUTH_SECONDS, lambda: told(service.url) == ("ok", True))
        clusters[0].kill()
        issue(clusters[1].url, scale=1.1)
        within(TRUTH_SECONDS, lambda: revision(service.url) == 2)
        assert told(service.url) == ("ok", True)
    assert asking.failed == []


def test_the_service_needs_to_read_and_nothing_else(postgresql_url: str, tmp_path: Path) -> None:
    owner = new_postgresql_database(postgresql_url)
    issue(owner)
    key = servers.make_key(tmp_path, "board", HEADROOM_STORE_URL=owner)
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute("CREATE ROLE reader LOGIN PASSWORD 'read-only'")
        for schema in ("public", "headroom_keys"):
            server.execute(f"GRANT USAGE ON SCHEMA {schema} TO reader".encode())
            server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader".encode())
    reader = make_url(owner).set(username="reader", password="read-only").render_as_string(hide_password=False)
    with servers.service(tmp_path, HEADROOM_STORE_URL=reader) as service:
        assert httpx.get(f"{service.url}/v1/system").status_code == 401
        for address in ADDRESSES:
            assert httpx.get(service.url + address, auth=("excel", key)).status_code == 200
        log = service.log.read_text()
    assert "error" not in {line.split('"level": "')[-1].split('"')[0] for line in log.splitlines() if "level" in line}


def test_tables_of_another_release_are_named_at_the_start(postgresql_url: str, tmp_path: Path) -> None:
    owner = new_postgresql_database(postgresql_url)
    issue(owner)
    for version, advice in (("0002", "headroom migrate"), ("9999", "newer release")):
        with psycopg.connect(owner, autocommit=True) as server:
            server.execute("UPDATE alembic_version SET version_num = %s", [version])
        ended = servers.run_service(tmp_path, "--port", "0", HEADROOM_STORE_URL=owner)
        assert ended.returncode == 6
        assert f"its tables are of version {version}" in ended.stderr
        assert advice in ended.stderr
