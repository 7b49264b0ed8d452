"""A real Prometheus and Alertmanager over the service, with the deployed rules and settings.

Only waiting is shortened: a scrape and an evaluation a second, `for` of a second, and Alertmanager waits for none.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from tests import servers
from tests.acceptance.journey import eventually
from tests.architecture.repository import ROOT

FIRES_SECONDS, CLEARS_SECONDS, QUIET_SECONDS = 360.0, 90.0, 8.0
"""A publication that is served is compared with the store every five minutes."""
PROGRAMS = ("prometheus", "prometheus-alertmanager")


@dataclass(frozen=True)
class Alerting:
    """An Alertmanager that hears of the alerts of Prometheus."""

    prometheus: str
    alertmanager: str

    @property
    def alerts(self) -> set[str]:
        """The alerts that are sent to people now."""
        answer = httpx.get(f"{self.alertmanager}/api/v2/alerts", params={"active": "true", "inhibited": "false"})
        return {alert["labels"]["alertname"] for alert in answer.json()}

    def check_fire(self, expected: frozenset[str]) -> None:
        """Fail where other alerts than these are sent, once they are."""
        assert eventually(lambda: self.alerts == expected, FIRES_SECONDS), self.alerts
        assert not eventually(lambda: self.alerts != expected, QUIET_SECONDS), self.alerts

    def check_clear(self, printed: str = "") -> None:
        """Fail where alerts stay; `printed` is what the commands showed that should have ended them."""
        assert eventually(lambda: self.alerts == set(), CLEARS_SECONDS), f"{self.alerts} after\n{printed}"


@contextmanager
def alerting(folder: Path, service_port: int, key: str) -> Iterator[Alerting]:
    """Watch the service that answers at the port now or later, as long as the block runs."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"absent: {', '.join(missing)}")
    folder.mkdir(exist_ok=True)
    prometheus, alertmanager = servers.free_port(), servers.free_port()
    (folder / "alerts.yml").write_text(at_once(ROOT / "deploy" / "alerts.yml"))
    (folder / "prometheus.yml").write_text(prometheus_settings(service_port, alertmanager))
    (folder / "alertmanager.yml").write_text(alertmanager_settings())
    (folder / "headroom.key").write_text(key)
    with ExitStack() as stack:
        yield Alerting(
            alertmanager=stack.enter_context(
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
            ),
            prometheus=stack.enter_context(
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
            ),
        )


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
