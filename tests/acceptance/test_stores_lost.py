"""The service in front of PostgreSQL that dies, comes back, or hands over; with a user that may only read."""

import json
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
from tests.builders import build_live_scores, build_publication
from tests.contract.store.databases import new_postgresql_database
from tests.planted import POSTGRESQL_PASSWORD

pytestmark = pytest.mark.drill

TRUTH_SECONDS = 10.0
DEPLOY = (servers.ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
RECIPE = DEPLOY.split("## Use PostgreSQL")[1].split("```sql\n")[1].split("```")[0]
ADDRESSES = ["/v1/forecasts/RXH/occupancy", "/v1/forecasts?place=RXK1", "/v1/forecasts?format=csv", "/v1/pressure"]


@dataclass
class Load:
    """Request without a pause, and collect what went wrong."""

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


def store_state(url: str) -> tuple[str, bool]:
    """Return the state of the store in /readyz and in the metrics."""
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
        within(TRUTH_SECONDS, lambda: store_state(service.url) == ("ok", True))
        cluster.kill()
        within(TRUTH_SECONDS, lambda: store_state(service.url) == ("unreachable", False))
        time.sleep(2)
        cluster.start()
        within(TRUTH_SECONDS, lambda: store_state(service.url) == ("ok", True))
        issue(cluster.url, scale=1.1)
        within(TRUTH_SECONDS, lambda: revision(service.url) == 2)
    assert asking.failed == []
    assert asking.asked > 100


def revision(url: str) -> int:
    found: int = httpx.get(f"{url}/readyz").json()["publication"]["revision"]
    return found


def test_where_one_server_is_lost_another_that_is_named_is_asked(
    clusters: list[servers.Cluster], tmp_path: Path
) -> None:
    for cluster in clusters:
        issue(cluster.url)
    hosts = "&".join(f"host={servers.LOOPBACK}:{cluster.port}" for cluster in clusters)
    url = f"postgresql://{servers.POSTGRESQL_USER}:{POSTGRESQL_PASSWORD}@/postgres?{hosts}"
    with servers.service(tmp_path, HEADROOM_STORE_URL=url) as service, load(service.url) as asking:
        within(TRUTH_SECONDS, lambda: store_state(service.url) == ("ok", True))
        clusters[0].kill()
        issue(clusters[1].url, scale=1.1)
        within(TRUTH_SECONDS, lambda: revision(service.url) == 2)
        assert store_state(service.url) == ("ok", True)
    assert asking.failed == []


@contextmanager
def database_with(postgresql_url: str, recipe: str) -> Iterator[tuple[str, str]]:
    """The URLs of a new database's owner, and of the role `reader` that the recipe makes there."""
    owner = new_postgresql_database(postgresql_url)
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(recipe.encode())
    try:
        yield owner, make_url(owner).set(username="reader", password="PASSWORD").render_as_string(hide_password=False)
    finally:
        with psycopg.connect(owner, autocommit=True) as server:
            server.execute("DROP OWNED BY reader; DROP ROLE reader")


def errors(log: Path) -> list[str]:
    lines = (json.loads(line) for line in log.read_text().splitlines())
    return [line["message"] for line in lines if line["level"] == "error"]


def status(url: str, address: str = "/v1/system", key: str | None = None) -> int:
    return httpx.get(url + address, auth=None if key is None else ("excel", key)).status_code


def test_the_service_needs_to_read_and_nothing_else(postgresql_url: str, tmp_path: Path) -> None:
    with database_with(postgresql_url, RECIPE) as (owner, reader):
        issue(owner)
        key = servers.make_key(tmp_path, "board", HEADROOM_STORE_URL=owner)
        with servers.service(tmp_path, HEADROOM_STORE_URL=reader) as service:
            assert status(service.url) == 401
            assert {status(service.url, address, key) for address in ADDRESSES} == {200}
        assert errors(service.log) == []


def test_who_may_only_read_notices_tables_and_the_first_key_that_are_made_later(
    postgresql_url: str, tmp_path: Path
) -> None:
    with (
        database_with(postgresql_url, RECIPE) as (owner, reader),
        servers.service(tmp_path, HEADROOM_STORE_URL=reader) as service,
    ):
        assert status(service.url) == 503  # nothing is published
        issue(owner)
        within(TRUTH_SECONDS, lambda: status(service.url) == 200)
        store = Store(owner)
        store.save_live_scores(build_live_scores())
        store.close()
        within(TRUTH_SECONDS, lambda: httpx.get(f"{service.url}/v1/scores").json()["live_scores"] is not None)
        key = servers.make_key(tmp_path, "board", HEADROOM_STORE_URL=owner)
        within(TRUTH_SECONDS, lambda: status(service.url) == 401)
        assert status(service.url, "/v1/scores", key) == 200


def test_a_first_key_that_the_service_may_not_read_shuts_it_and_an_outage_does_not(
    clusters: list[servers.Cluster], tmp_path: Path
) -> None:
    cluster = clusters[0]
    issue(cluster.url)
    today = RECIPE.split("CREATE SCHEMA")[0] + "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
    with psycopg.connect(cluster.url, autocommit=True) as server:
        server.execute(today.encode())
    reader = make_url(cluster.url).set(username="reader", password="PASSWORD").render_as_string(hide_password=False)
    with servers.service(tmp_path, HEADROOM_STORE_URL=reader) as service:
        within(TRUTH_SECONDS, lambda: store_state(service.url) == ("ok", True))
        with load(service.url) as asking:
            cluster.kill()
            within(TRUTH_SECONDS, lambda: store_state(service.url) == ("unreachable", False))
            cluster.start()
            within(TRUTH_SECONDS, lambda: store_state(service.url) == ("ok", True))
        assert asking.failed == []
        key = servers.make_key(tmp_path, "board", HEADROOM_STORE_URL=cluster.url)
        within(TRUTH_SECONDS, lambda: status(service.url) == 503)
        cluster.kill()
        time.sleep(2 * TRUTH_SECONDS / 5)
        assert status(service.url) == 503
        cluster.start()
        with psycopg.connect(cluster.url, autocommit=True) as server:
            server.execute("GRANT USAGE ON SCHEMA headroom_keys TO reader")
            server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA headroom_keys TO reader")
        within(TRUTH_SECONDS, lambda: status(service.url) == 401)
        assert status(service.url, key=key) == 200
    assert any("permission denied" in error for error in errors(service.log))


def test_a_table_of_keys_that_is_locked_is_reported_and_shuts_a_service_without_keys(
    postgresql_url: str, tmp_path: Path
) -> None:
    with (
        database_with(postgresql_url, RECIPE) as (owner, reader),
        servers.service(tmp_path, HEADROOM_STORE_URL=reader) as service,
    ):
        issue(owner)
        servers.make_key(tmp_path, "board", HEADROOM_STORE_URL=owner)
        within(TRUTH_SECONDS, lambda: status(service.url) == 401)
        with psycopg.connect(owner) as server:
            server.execute("DELETE FROM headroom_keys.keys")
            server.commit()
            server.execute("LOCK TABLE headroom_keys.keys")
            with servers.service(tmp_path, HEADROOM_STORE_URL=reader) as other:
                assert status(other.url) == 503
                within(2 * TRUTH_SECONDS, lambda: any("statement timeout" in error for error in errors(other.log)))
            server.rollback()


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
