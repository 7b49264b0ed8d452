"""Deployment files: Compose and Prometheus."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from service.observability.metrics import METRIC_CATALOGUE
from tests.architecture.commands import check_job
from tests.architecture.repository import ROOT
from tests.architecture.test_dockerfile import STAGES, arguments
from tests.composition import COMPOSE, services
from training.jobs.doctor import DAILY_OVERDUE_AFTER, KEY_EXPIRES_SOON, QUARANTINED_SHARE, TRAINING_OLD_AFTER

RUNBOOK = "{{ $externalLabels.runbook }}"
"""The address at which docs/how-to/operate.md is published, in the configuration of Prometheus."""


@dataclass(frozen=True)
class Rule:
    """The parts of an alert rule that tests read."""

    alert: str
    expr: str
    runbook: str


REPLICAS = ("service-1", "service-2")
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|KEY)$")


def test_no_secret_is_written_down() -> None:
    variables = [pair for service in services().values() for pair in service.get("environment", {}).items()]
    secrets = [value for name, value in variables if SECRET.search(name)]
    assert len(secrets) >= 3
    assert all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in secrets)
    addresses = [value for _, value in variables if "@" in value]
    assert len(addresses) >= 5
    assert all(re.match(r"postgresql[+a-z]*://\w+:\$\{\w+\}@", address) for address in addresses)
    assert "SECRET" not in (ROOT / "deploy" / "prometheus.yml").read_text().upper()


def test_compose_publishes_ports_on_this_machine_alone_unless_one_says_otherwise() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published.pop("proxy") == ["${HEADROOM_BIND:-127.0.0.1}:8443:8443"]
    assert published.keys() >= {"mlflow", "prometheus", "alertmanager", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_every_variable_of_compose_is_described_in_the_docs() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
    page = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    assert sorted(name for name in used if f"`{name}`" not in page) == []


def test_every_file_that_compose_mounts_exists() -> None:
    mounts = [mount.split(":") for service in services().values() for mount in service.get("volumes", [])]
    files = [source for source, *_ in mounts if source.startswith("./")]
    assert len(files) >= 8
    assert [file for file in files if not (COMPOSE.parent / file).is_file()] == []


@pytest.mark.parametrize("name", ["daily", "train"])
def test_a_job_of_compose_runs_a_command_that_exists(name: str) -> None:
    (script,) = services()[name]["command"]
    (words,) = re.findall(r"python -m training ([^;\n]+)", script)
    assert words.startswith(name)
    check_job(words.split())


@pytest.mark.parametrize(
    ("now", "trains"),
    [("03-2-14", True), ("07-2-14", True), ("08-2-14", False), ("03-3-14", False), ("03-2-13", False)],
)
def test_compose_trains_in_one_hour_of_the_first_tuesday(now: str, trains: bool, tmp_path: Path) -> None:
    (script,) = services()["train"]["command"]
    for program, body in {"python": 'echo "$@"', "date": f"echo {now}", "sleep": "kill $PPID"}.items():
        (tmp_path / program).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / program).chmod(0o755)
    ran = subprocess.run(
        ["sh", "-c", script.replace("$$", "$")],
        env={"PATH": f"{tmp_path}:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ("training train" in ran.stdout) is trains


@pytest.mark.parametrize("file", ["prometheus.yml", "Caddyfile"])
def test_prometheus_and_the_proxy_know_both_replicas(file: str) -> None:
    (exposed,) = arguments("EXPOSE", STAGES["service"])
    replicas = [name for name, service in services().items() if service.get("build", {}).get("target") == "service"]
    assert tuple(replicas) == REPLICAS
    text = (ROOT / "deploy" / file).read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"[a-z]+-\d:\d+", text))) == [f"{replica}:{exposed}" for replica in replicas]


def test_grafana_is_provisioned_with_the_dashboard_and_prometheus() -> None:
    folder = ROOT / "deploy" / "grafana"
    (source,) = yaml.safe_load((folder / "datasource.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards.yaml").read_text())["providers"]
    mounts = dict(mount.split(":")[:2] for mount in services()["grafana"]["volumes"])
    assert mounts["./grafana/operations.json"] == f"{provider['options']['path']}/operations.json"
    assert source["url"] == f"http://prometheus:{services()['prometheus']['ports'][0].rpartition(':')[2]}"
    assert (source["type"], source["isDefault"]) == ("prometheus", True)


def test_caddy_accepts_what_is_deployed(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is absent")
    command = [caddy, "adapt", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": str(tmp_path)}, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["apps"]["http"]["servers"]
    assert "warn" not in ran.stderr


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
