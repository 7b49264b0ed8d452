"""Deployment files: Compose and Prometheus."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta

import pytest
import yaml  # type: ignore[import-untyped]

from service.observability.metrics import METRIC_CATALOGUE
from tests.architecture.repository import ROOT
from training.jobs.doctor import DAILY_OVERDUE_AFTER, KEY_EXPIRES_SOON, QUARANTINED_SHARE, TRAINING_OLD_AFTER

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


LIMITS_OF_THE_DOCTOR = {
    "HeadroomDailyOverdue": f"> {DAILY_OVERDUE_AFTER // timedelta(hours=1)} * 3600",
    "HeadroomTrainingOld": f"> {TRAINING_OLD_AFTER.days} * 86400",
    "HeadroomKeyExpires": f"< {KEY_EXPIRES_SOON.days} * 86400",
    "HeadroomManyRowsQuarantined": f"> {QUARANTINED_SHARE}",
}


@pytest.mark.parametrize(("alert", "limit"), LIMITS_OF_THE_DOCTOR.items(), ids=LIMITS_OF_THE_DOCTOR)
def test_an_alert_and_the_doctor_have_one_limit(alert: str, limit: str) -> None:
    (rule,) = [rule for rule in rules() if rule.alert == alert]
    assert rule.expr.rstrip().endswith(limit)


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
