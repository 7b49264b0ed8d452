"""Every query of both Grafana dashboards finds something in a real Prometheus that scrapes a running service."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from publication.job_runs import JobName, JobRun
from publication.model import Publication
from publication.store import Store, default_url
from publication.vocabulary import Check
from tests import servers
from tests.acceptance.alerting import Alerting, alerting
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT
from tests.builders import ESCALATION_LEVELS, build_live_scores, build_publication, build_system, finding

DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
SCRAPED_SECONDS = 30.0


def queries() -> list[tuple[str, str]]:
    """Every query with its dashboard and panel, for all replicas."""
    return [
        (f"{file.stem}: {panel['title']}", target["expr"].replace("$instance", ".+"))
        for file in DASHBOARDS
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]
        for target in panel.get("targets", ())
    ]


def publication() -> Publication:
    """Yesterday's, with levels of escalation, a fallback, a late series and a doubted one."""
    cutoff = datetime.now(UTC).date() - timedelta(days=1)
    found = (finding("RXH/beds", Check.LATE, cutoff=cutoff), finding("RXH1/occupancy", Check.FROZEN, cutoff=cutoff))
    levelled = build_system(levels=ESCALATION_LEVELS)
    return build_publication(cutoff, system=levelled, findings=found, with_headroom=True)


def fill(store: Store) -> None:
    """A publication, scores, an ingest that succeeded and a job that has no end."""
    store.prepare()
    store.issue(publication())
    store.save_live_scores(build_live_scores())
    began = datetime.now(UTC) - timedelta(hours=1)
    counts = {"rows": {"new": 49, "quarantined": 2}, "suspect_values": {"frozen": 7}}
    run = JobRun(store.latest().system.name, JobName.INGEST, began)
    store.end_job(store.start_job(run), replace(run, duration=timedelta(seconds=3), exit_code=0, counts=counts))
    store.start_job(replace(run, job=JobName.DAILY))


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    home, port = tmp_path_factory.mktemp("home"), servers.free_port()
    key = servers.make_key(home, "prometheus", "--scope", "metrics", "--expires", "2099-12-31")
    store = Store(default_url(home))
    fill(store)
    store.close()
    with servers.service(home, port=port) as service:
        assert httpx.get(f"{service.url}/v1/system").status_code == 401  # so that something is rejected
        with alerting(home / "alerting", port, key) as made:
            yield made


@pytest.mark.parametrize(("panel", "query"), queries(), ids=[panel for panel, _ in queries()])
def test_every_query_of_a_dashboard_finds_something(watching: Alerting, panel: str, query: str) -> None:
    def found() -> list[object]:
        answer = httpx.get(f"{watching.prometheus}/api/v1/query", params={"query": query}).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    assert eventually(lambda: len(found()) > 0, SCRAPED_SECONDS), f"{panel}: {query}"


def test_each_dashboard_has_its_own_address() -> None:
    read = [json.loads(Path(file).read_text(encoding="utf-8")) for file in DASHBOARDS]
    assert [(of["uid"], of["title"]) for of in read] == [
        ("headroom-hospital", "Headroom: hospital"),
        ("headroom-operations", "Headroom: operations"),
    ]
