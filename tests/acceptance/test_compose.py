"""The topology of deploy/compose.yaml without containers: its own commands, files and passwords, as real processes.

A small simulated system goes from the first `daily`, which trains, through PostgreSQL and an MLflow server to two
replicas behind the proxy with TLS.
"""

import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from tests import servers
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT
from tests.composition import Composition, Process
from tests.planted import POSTGRESQL_PASSWORD
from tests.unit.cli.commands import headroom

pytestmark = pytest.mark.drill

PUBLISHED_SECONDS = 900.0
REPLICAS = ("service-1", "service-2")
PROGRAMS = ("caddy", "openssl", "psql")
REQUESTS = 40
CALLER = "127.0.0.2"
HEALTH_SECONDS = 30.0  # the proxy looks at each replica every five
TIMEOUT_SECONDS = 30.0  # the proxy waits five for a replica that is ready, then gives 503


@dataclass(frozen=True)
class Topology:
    """Everything, running. `replicas` are the addresses of the replicas, `processes` what can be stopped."""

    proxy: httpx.Client
    replicas: dict[str, str]
    processes: dict[str, Process]
    mlflow: str
    trusted: ssl.SSLContext
    reader_url: str = field(repr=False)


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost, signed by itself, and return the folder of it and its key."""
    folder.mkdir()
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", *subject]
    subprocess.run(
        [*command, "-keyout", folder / "tls.key", "-out", folder / "tls.crt"], check=True, capture_output=True
    )
    return folder


def prepare_databases(url: str) -> None:
    """Make what the image of PostgreSQL makes at its first start: its database, then what postgres.sql says."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE headroom")
    script = ROOT / "deploy" / "postgres.sql"
    database = f"{url.removesuffix('/postgres')}/headroom"
    command = ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={script}", database]
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "HEADROOM_READER_PASSWORD": POSTGRESQL_PASSWORD}
    )


def composition(folder: Path, database: str, ports: dict[str, int]) -> Composition:
    """Return what differs from the containers: ports, addresses and folders."""
    at = {name: f"{servers.LOOPBACK}:{port}" for name, port in ports.items()}
    return Composition(
        folder,
        {
            "HEADROOM_DATABASE_PASSWORD": POSTGRESQL_PASSWORD,
            "HEADROOM_READER_PASSWORD": POSTGRESQL_PASSWORD,
            "HEADROOM_SITE": f"https://localhost:{ports['proxy']}",
        },
        {
            "@postgres/": f"@{database}/",
            "mlflow:5000": at["mlflow"],
            "--port=5000": f"--port={ports['mlflow']}",
            "0.0.0.0": servers.LOOPBACK,
            "172.16.0.0/12": servers.LOOPBACK,
            "/system/": f"{folder / 'system'}/",
            "/var/lib/headroom/artifacts": str(folder / "artifacts"),
            "/certs/": f"{folder / 'certs'}/",
            "/etc/caddy/Caddyfile": str(folder / "Caddyfile"),
            **{f"{replica}:8000": at[replica] for replica in REPLICAS},
        },
    )


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} absent")
    folder = tmp_path_factory.mktemp("compose")
    ended = headroom("simulate", "--out", folder / "system", "--days", 120, "--trusts", 1, "--sites", 1)
    assert ended.exit_code == 0, ended.err
    trusted = ssl.create_default_context(cafile=certificate(folder / "certs") / "tls.crt")
    with ExitStack() as stack:
        url = stack.enter_context(servers.postgresql())
        prepare_databases(url)
        ports = {name: servers.free_port() for name in ("mlflow", "proxy", *REPLICAS)}
        made = composition(folder, url.partition("@")[2].removesuffix("/postgres"), ports)
        processes = start(stack, made, ports)
        proxy = stack.enter_context(
            httpx.Client(base_url=f"https://localhost:{ports['proxy']}", verify=trusted, timeout=TIMEOUT_SECONDS)
        )
        replicas = {name: f"http://{servers.LOOPBACK}:{ports[name]}" for name in REPLICAS}
        for address in (*replicas.values(), proxy.base_url):
            published = eventually(lambda at=address: is_ready(proxy, at), PUBLISHED_SECONDS)  # type: ignore[misc]
            assert published, processes["daily"].log.read_text()
        yield Topology(
            proxy,
            replicas,
            processes,
            f"http://{servers.LOOPBACK}:{ports['mlflow']}",
            trusted,
            made.localised("postgresql://reader:${HEADROOM_READER_PASSWORD}@postgres/headroom"),
        )


def is_ready(client: httpx.Client, address: str | httpx.URL) -> bool:
    return client.get(httpx.URL(address).join("/readyz")).status_code == 200


def start(stack: ExitStack, made: Composition, ports: dict[str, int]) -> dict[str, Process]:
    """Start every service, in the order of what depends on what, and wait until those with a port listen."""
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    (made.folder / "Caddyfile").write_text(made.localised(caddyfile))
    processes = {}
    for name in ("mlflow", "daily", *REPLICAS, "proxy"):
        own = {"8000": str(ports[name])} if name in REPLICAS else {}
        processes[name] = stack.enter_context(made.running(name, own))
        if name in ports:
            servers.wait_until_listening(ports[name], processes[name].process, processes[name].log, 120)
    return processes


def test_two_replicas_give_the_same_etags_through_the_proxy(topology: Topology) -> None:
    for path in ("/", "/v1/forecasts", "/v1/pressure", "/openapi.json"):
        answers = [topology.proxy.get(path) for _ in range(4)]
        answers += [httpx.get(f"{address}{path}") for address in topology.replicas.values()]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.headers["etag"] for answer in answers}) == 1
        again = topology.proxy.get(path, headers={"If-None-Match": answers[0].headers["etag"]})
        assert again.status_code == 304


def test_the_proxy_uses_both_replicas_and_passes_on_who_asks(topology: Topology) -> None:
    elsewhere = httpx.HTTPTransport(verify=topology.trusted, local_address=CALLER)
    with httpx.Client(transport=elsewhere, base_url=topology.proxy.base_url) as caller:
        for name in REPLICAS:
            log = topology.processes[name].log
            assert eventually(lambda log=log: requested(caller, log), HEALTH_SECONDS)  # type: ignore[misc]


def requested(caller: httpx.Client, log: Path) -> bool:
    """Request the places, and return whether the log of a replica has such a request of this caller."""
    assert caller.get("/v1/places").status_code == 200
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return any((line.get("route"), line.get("client")) == ("/v1/places", CALLER) for line in lines)


def test_the_first_daily_trained_with_the_mlflow_server(topology: Topology) -> None:
    found = httpx.get(f"{topology.mlflow}/api/2.0/mlflow/registered-models/get", params={"name": "northshire"})
    aliases = found.json()["registered_model"]["aliases"]
    assert [alias["alias"] for alias in aliases if alias["alias"] == "champion"] == ["champion"]


def test_the_service_may_only_read_the_store(topology: Topology) -> None:
    with psycopg.connect(topology.reader_url) as connection, connection.cursor() as cursor:
        (rows,) = cursor.execute("SELECT count(*) FROM publications").fetchone() or (0,)
        assert rows == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cursor.execute("DELETE FROM publications")


def test_every_request_is_answered_while_a_replica_is_stopped(topology: Topology) -> None:
    """The last one: the replica stays stopped."""
    etag = topology.proxy.get("/v1/forecasts").headers["etag"]
    answers = []
    for n in range(REQUESTS):
        if n == REQUESTS // 4:
            servers.stop(topology.processes["service-1"].process)
        answers.append(topology.proxy.get("/v1/forecasts"))
    assert [answer.status_code for answer in answers] == [200] * REQUESTS
    assert {answer.headers["etag"] for answer in answers} == {etag}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{topology.replicas['service-1']}/healthz")
