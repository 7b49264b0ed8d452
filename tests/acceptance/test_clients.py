"""The clients of docs/reference/clients.md against the running service, with keys: each snippet as it is printed."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pandas as pd
import pytest
import yaml  # type: ignore[import-untyped]

from publication.store import Store, default_url
from tests import servers
from tests.builders import build_publication

CLIENTS = (servers.ROOT / "docs" / "reference" / "clients.md").read_text(encoding="utf-8")
PRINTED = "http://127.0.0.1:8000"
SECONDS = 60


@dataclass(frozen=True)
class Site:
    """A running service, and its keys."""

    url: str
    read: str
    metrics: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    store = Store(default_url(home))
    store.prepare()
    store.issue(build_publication(datetime.now(UTC).date() - timedelta(days=1), with_drivers=True, with_headroom=True))
    store.close()
    read, metrics = (servers.make_key(home, scope, "--scope", scope) for scope in ("read", "metrics"))
    with servers.service(home) as running:
        yield Site(running.url, read, metrics)


def snippet(name: str, fence: str) -> str:
    """The first block with this language below the heading of a client."""
    section = CLIENTS.split(f"\n## {name}\n")[1].split("\n## ")[0]
    return section.split(f"```{fence}\n")[1].split("```")[0].strip()


def shell(command: str, site: Site, folder: Path) -> str:
    run = subprocess.run(
        ["bash", "-c", command.replace(PRINTED, site.url)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
        env={**os.environ, "KEY": site.read, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
    )
    return run.stdout


def all_forecasts(site: Site, query: str = "") -> pd.DataFrame:
    """The CSV, fetched with the key as the password of Basic."""
    answer = httpx.get(f"{site.url}/v1/forecasts?format=csv{query}", auth=("anyone", site.read))
    return pd.read_csv(StringIO(answer.text))


def test_curl_fetches_once_and_then_only_what_changed(site: Site, tmp_path: Path) -> None:
    shell(snippet("curl", "sh"), site, tmp_path)
    assert len(pd.read_csv(tmp_path / "forecasts.csv")) == 49 * 28
    status = shell(snippet("curl", "sh").replace("curl -s", "curl -s -w '%{http_code}'"), site, tmp_path)
    assert status == "304"


def test_pandas_reads_the_table(site: Site) -> None:
    code = f"import pandas; key = {site.read!r}; frame = {snippet('pandas', 'python').replace(PRINTED, site.url)}"
    report = "print(len(frame), frame['ds'].dtype.kind, frame['mean'].dtype)"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert run.stdout.split() == [str(49 * 28), "M", "float64"]


DUCKDB = """#!{python}
import sys, duckdb
for row in duckdb.sql(sys.argv[2]).fetchall():
    print(*row)
"""


def test_duckdb_reads_the_table_from_curl(site: Site, tmp_path: Path) -> None:
    """Its own `httpfs` is to be downloaded, which cannot be had everywhere; its program is made of its package."""
    program = tmp_path / "duckdb"
    program.write_text(DUCKDB.format(python=sys.executable))
    program.chmod(0o755)
    highest = dict(line.split() for line in shell(snippet("DuckDB", "sh"), site, tmp_path).splitlines())
    expected = all_forecasts(site, "&measure=occupancy").groupby("place")["q0.9"].max()
    assert {place: float(most) for place, most in highest.items()} == pytest.approx(expected.to_dict())


def test_what_grafana_selects_is_there(site: Site) -> None:
    query = json.loads(snippet("Grafana", "json"))
    address = query["url"].replace(PRINTED, site.url)
    answer = httpx.get(address, headers={"Authorization": f"Bearer {site.read}"})
    frame = pd.read_csv(StringIO(answer.text))
    assert {column["selector"] for column in query["columns"]} <= set(frame.columns)
    assert len(frame) == 28


def test_what_power_query_asks_for_is_there(site: Site) -> None:
    text = snippet("Power BI and Excel", "m")
    base, path = re.findall(r'Web\.Contents\("([^"]+)", \[RelativePath = "([^"]+)"', text)[0]
    query = dict(re.findall(r'(\w+) = "([^"]+)"', text.split("Query = [")[1].split("]")[0]))
    answer = httpx.get(f"{base.replace(PRINTED, site.url)}/{path}", params=query, auth=("excel", site.read))
    frame = pd.read_csv(StringIO(answer.content.decode("utf-8")))
    typed = re.findall(r'\{"([^"]+)", ([^}]+)\}', text)
    assert len(typed) == 5
    assert {name for name, _ in typed} <= set(frame.columns)
    assert all(frame[name].dtype.kind in "if" for name, kind in typed if kind != "type date")


def test_prometheus_scrapes_with_its_key(site: Site, tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed")
    config = yaml.safe_load(snippet("Prometheus", "yaml"))
    (job,) = config["scrape_configs"]
    (tmp_path / "headroom.key").write_text(site.metrics)
    job["authorization"] = {"credentials_file": str(tmp_path / "headroom.key")}
    job["static_configs"] = [{"targets": [urlsplit(site.url).netloc]}]
    job["scrape_interval"] = job["scrape_timeout"] = "1s"
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port, log = servers.free_port(), tmp_path / "prometheus.log"
    command = [program, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={servers.LOOPBACK}:{port}"], stdout=output, stderr=output
        )
    try:
        servers.wait_until_listening(port, process, log)
        assert scraped(f"http://{servers.LOOPBACK}:{port}") == "49"
    finally:
        servers.stop(process)


def scraped(url: str) -> str:
    """Return the number of series in Prometheus, once it has scraped."""
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": "headroom_publication_series"})
        found = answer.json().get("data", {}).get("result", [])
        if found:
            return str(found[0]["value"][1])
        time.sleep(0.3)
    raise AssertionError("nothing was scraped")
