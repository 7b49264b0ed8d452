"""Deployment files: Compose and Prometheus."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from service.observability.metrics import METRIC_CATALOGUE
from tests.architecture.repository import ROOT

RUNBOOK = "{{ $externalLabels.runbook }}"
"""The address at which docs/how-to/operate.md is published, in the configuration of Prometheus."""


@dataclass(frozen=True)
class Rule:
    """The parts of an alert rule that tests read."""

    alert: str
    expr: str
    runbook: str


def test_no_secret_is_written_down() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")
    assert "SECRET" not in (ROOT / "deploy" / "prometheus.yml").read_text().upper()


def test_compose_publishes_ports_on_this_machine_alone() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


IN_TROUBLE = {
    'headroom_publication_late_timestamp_seconds{instance="a"}': "0x10",
    'headroom_store_up{instance="a"}': "0x10",
    'headroom_store_corrupt{instance="a"}': "1x10",
    'headroom_publication_series{instance="a"}': "20x10",
    'headroom_publication_fallback_series{instance="a", measure="beds"}': "4x10",
    'headroom_publication_notes{instance="a", kind="late"}': "1x10",
    'headroom_champion_info{instance="a", name="n", version="1", run_id="x"}': "1x10",
    'headroom_champion_info{instance="b", name="n", version="2", run_id="y"}': "1x10",
    'headroom_scores_coverage_ratio{instance="a", measure="beds", leads="01-07", interval="0.8"}': "0.5x10",
    'headroom_scores_timestamp_seconds{instance="a"}': "-200000x10",
    'headroom_job_last_exit_code{instance="a", job="daily"}': "6x10",
    'headroom_job_last_success_timestamp_seconds{instance="a", job="daily"}': "-100000x10",
    'headroom_ingest_rows{instance="a", outcome="quarantined"}': "9x10",
    'headroom_http_requests_total{instance="a", method="GET", route="/", status="500"}': "0+60x10",
    'headroom_http_request_duration_seconds_bucket{instance="a", route="/", le="0.1"}': "0+60x10",
    'headroom_http_request_duration_seconds_bucket{instance="a", route="/", le="+Inf"}': "0+60x10",
}
"""A service in every trouble that a documented query looks for."""


def test_every_query_in_the_docs_finds_the_trouble_it_is_for(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Prometheus) is absent")
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```promql\n(.*?)```", page, re.DOTALL)
    queries = [line.partition("#")[0].strip() for line in block.splitlines() if line.strip()]
    assert len(queries) > 8
    one = [{"labels": "{}", "value": 1}]
    tests = {
        "input_series": [{"series": series, "values": values} for series, values in IN_TROUBLE.items()],
        "promql_expr_test": [{"expr": f"count({q})", "eval_time": "10m", "exp_samples": one} for q in queries],
    }
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [{"interval": "1m", **tests}]}))
    ran = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


PROMTOOL = [
    ("check", "config", "prometheus.yml"),
    ("test", "rules", "alerts_test.yml"),
]


@pytest.mark.parametrize("command", PROMTOOL, ids=" ".join)
def test_prometheus_accepts_what_is_deployed(command: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Prometheus) is absent")
    ran = subprocess.run(
        [promtool, *command], cwd=ROOT / "deploy", capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_is_tested() -> None:
    tests = yaml.safe_load((ROOT / "deploy" / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule.alert for rule in rules()}


def test_every_alert_leads_to_a_section_of_the_runbook() -> None:
    page = (ROOT / "docs" / "how-to" / "operate.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    anchors = {re.sub("[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert sorted({rule.runbook for rule in rules()} - {f"{RUNBOOK}#{anchor}" for anchor in anchors}) == []


def test_alerts_ask_for_metrics_that_exist() -> None:
    known = {metric.name for metric in METRIC_CATALOGUE}
    asked = {name for rule in rules() for name in re.findall(r"headroom_[a-z_]+", rule.expr)}
    assert sorted(asked - known) == []


def rules() -> list[Rule]:
    """The alert rules as Prometheus reads them."""
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"]
    return [
        Rule(rule["alert"], rule["expr"], rule["annotations"]["runbook_url"])
        for group in groups
        for rule in group["rules"]
    ]
