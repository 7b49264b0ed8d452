"""The files of docs/snippets against the running service, with keys: each is run, or what it asks for is requested."""

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

import duckdb
import httpx
import pandas as pd
import pytest
import yaml  # type: ignore[import-untyped]

from publication.store import Store, default_url
from tests import servers
from tests.builders import build_publication

SNIPPETS = servers.ROOT / "docs" / "snippets"
PAGE = servers.ROOT / "docs" / "how-to" / "dashboards.md"
PRINTED = "http://127.0.0.1:8000"
QUERIES = sorted(SNIPPETS.glob("*.pq"))
SECONDS = 60


@dataclass(frozen=True)
class Site:
    """A running service, and its keys."""

    url: str
    read: str
    metrics: str

    def environ(self) -> dict[str, str]:
        return {**os.environ, "HEADROOM_URL": self.url, "HEADROOM_KEY": self.read}


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


def text_of(name: str) -> str:
    return (SNIPPETS / name).read_text(encoding="utf-8")


def table(site: Site, address: str) -> pd.DataFrame:
    """The CSV at an address that a file prints, fetched with the key as the password of Basic, every cell as text."""
    answer = httpx.get(address.replace(PRINTED, site.url), auth=("anyone", site.read))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return pd.read_csv(StringIO(answer.text), dtype=str, keep_default_na=False)


def run(command: list[str | Path], site: Site, folder: Path) -> str:
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False, env=site.environ()
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_page_links_every_file() -> None:
    linked = re.findall(r"\(\.\./snippets/([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert sorted(linked) == sorted(file.name for file in SNIPPETS.iterdir())


def test_curl_fetches_each_table_once_and_then_only_what_changed(site: Site, tmp_path: Path) -> None:
    run(["sh", SNIPPETS / "fetch.sh"], site, tmp_path)
    tables = {file.stem: file for file in tmp_path.glob("*.csv")}
    assert tables.keys() == {"forecasts", "pressure", "actuals", "places", "scores"}
    assert len(pd.read_csv(tables["forecasts"])) == 49 * 28
    for file in tables.values():
        os.utime(file, (0, 0))
    run(["sh", SNIPPETS / "fetch.sh"], site, tmp_path)
    assert {file.stat().st_mtime for file in tables.values()} == {0}


def test_pandas_prints_the_free_beds_of_the_next_week(site: Site, tmp_path: Path) -> None:
    printed = run([sys.executable, SNIPPETS / "pressure.py"], site, tmp_path)
    pressure = table(site, f"{PRINTED}/v1/pressure?format=csv&horizon=7")
    heading, _, *rows = printed.splitlines()
    assert re.findall(r"\d{4}-\d\d-\d\d", heading) == sorted(set(pressure["ds"]))
    assert [row.split()[1] for row in rows] == list(dict.fromkeys(pressure["place"]))
    printed_beds = [float(cell) for cell in rows[0].split()[-7:]]
    assert printed_beds == pressure["headroom_q0.5"].astype(float).head(7).round().tolist()


def test_duckdb_joins_forecasts_actuals_and_places(site: Site, tmp_path: Path) -> None:
    """Its extension `httpfs` is to be downloaded, which cannot be had everywhere: the addresses become files."""
    query = text_of("occupancy.sql")
    for number, address in enumerate(re.findall(rf"'({PRINTED}/[^']+)'", query)):
        table(site, address).to_csv(tmp_path / f"{number}.csv", index=False)
        query = query.replace(address, str(tmp_path / f"{number}.csv"))
    assert PRINTED not in query
    found = duckdb.execute(query).fetchall()
    forecasts = table(site, f"{PRINTED}/v1/forecasts?format=csv&measure=occupancy&horizon=7")
    highest = forecasts.assign(most=forecasts["q0.9"].astype(float)).groupby("place")["most"].max()
    assert [row[2] for row in found] == sorted(highest, reverse=True)
    assert {row[0]: row[2] for row in found} == pytest.approx(highest.to_dict())


def test_r_reads_pressure(site: Site, tmp_path: Path) -> None:
    """R itself runs the file where it is installed."""
    script = text_of("pressure.R")
    (path,) = re.findall(r'paste0\(address, "([^"]+)"\)', script)
    frame = table(site, f"{PRINTED}{path}")
    typed = re.findall(r'(\w+) = "(?:character|Date)"', script)
    shown = re.findall(r'"([^"]+)"', script.split("print(")[1])
    used = re.findall(r"pressure\$(\w+)", script)
    assert {*typed, *shown, *used} <= set(frame.columns)
    program = shutil.which("Rscript")
    if program is not None:
        assert "headroom_q0.5" in run([program, SNIPPETS / "pressure.R"], site, tmp_path)


def objects(value: object) -> Iterator[dict[str, object]]:
    """Yield every object of a JSON document."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


def test_what_grafana_selects_is_there(site: Site) -> None:
    dashboard = json.loads(text_of("grafana-dashboard.json"))
    queries = [found for found in objects(dashboard) if "columns" in found]
    assert len(queries) == 8  # the variable, the table, and actuals and forecasts of three measures
    for query in queries:
        address = str(query["url"]).replace("${address}", PRINTED).replace("${place}", "RXH")
        frame = table(site, address)
        assert len(frame) > 0, address
        for column in objects(query["columns"]):
            assert column["selector"] in frame, address
            check_cells(frame[str(column["selector"])], str(column["type"]))


def test_the_dashboard_ends_in_the_future_and_its_panels_do_not_overlap() -> None:
    dashboard = json.loads(text_of("grafana-dashboard.json"))
    assert re.fullmatch(r"now\+\d+d", dashboard["time"]["to"])
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in dashboard["panels"])
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    inputs = {found["name"] for found in dashboard["__inputs"]}
    variables = {found["name"] for found in dashboard["templating"]["list"]}
    assert set(re.findall(r"\$\{(\w+)\}", text_of("grafana-dashboard.json"))) == inputs | variables


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.name)
def test_power_query_gives_every_column_a_type_that_its_cells_have(file: Path, site: Site) -> None:
    text = file.read_text(encoding="utf-8")
    (address,) = re.findall(r'Address = "([^"]+)"', text)
    (path,) = re.findall(r'RelativePath = "([^"]+)"', text)
    query = dict(re.findall(r'(\w+) = "([^"]+)"', text.split("Query = [")[1].split("]")[0]))
    frame = table(site, str(httpx.URL(f"{address}/{path}", params=query)))
    typed = re.findall(r'\{"([^"]+)", ([^}]+)\}', text)
    assert [name for name, _ in typed] == list(frame.columns)
    for name, kind in typed:
        check_cells(frame[name], POWER_QUERY_TYPES[kind])


POWER_QUERY_TYPES = {
    "type text": "string",
    "type date": "timestamp",
    "type number": "number",
    "Int64.Type": "integer",
    "type logical": "logical",
}
CELLS = {
    "string": r".*",
    "timestamp": r"\d{4}-\d\d-\d\d",
    "number": r"-?\d+(\.\d+)?(e-?\d+)?",
    "integer": r"-?\d+",
    "logical": r"true|false",
}


def check_cells(cells: pd.Series, kind: str) -> None:
    """Fail where a cell that is not empty is not of the kind, or where text has only numbers or days."""
    filled = cells[cells.ne("")]
    assert filled.str.fullmatch(CELLS[kind]).all(), cells.name
    others = "|".join(f"(?:{pattern})" for of, pattern in CELLS.items() if of != "string")
    assert kind != "string" or filled.empty or not filled.str.fullmatch(others).all(), cells.name


def test_prometheus_scrapes_with_its_key(site: Site, tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed")
    config = yaml.safe_load(text_of("prometheus.yml"))
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
