"""The images hold what they should and no more, and what the service image holds is enough to run."""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests import servers
from tests.architecture.repository import ROOT

IGNORED = shutil.ignore_patterns("__pycache__")


def stage(name: str) -> str:
    """The lines of one stage of the Dockerfile."""
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return next(text for text in stages if re.match(rf"\S+ AS {name}\n", text))


@pytest.mark.parametrize(
    ("name", "packages"), [("service", ["publication", "service"]), ("training", ["publication", "training"])]
)
def test_an_image_holds_its_own_packages_alone(name: str, packages: list[str]) -> None:
    assert re.findall(r"^COPY (\w+)/ (?:\w+)/$", stage(name), re.MULTILINE) == packages
    assert re.findall(r"^COPY (?!--from)(\S+)", stage(name), re.MULTILINE) == [f"{package}/" for package in packages]
    assert f"--require-hashes -r /requirements/{name}.txt" in stage(f"{name}-packages")


@pytest.mark.parametrize("name", ["service", "training"])
def test_an_image_runs_as_nobody_special_and_says_whether_it_is_well(name: str) -> None:
    steps = re.findall(r"^([A-Z]+) (.*)$", stage(name), re.MULTILINE)
    verbs = [verb for verb, _ in steps]
    assert ("USER", "headroom") in steps
    assert verbs.index("USER") < verbs.index("ENTRYPOINT")
    assert "HEALTHCHECK" in verbs


def test_no_secret_is_written_down() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")
    assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY", (ROOT / "Dockerfile").read_text())


def test_compose_publishes_ports_on_this_machine_alone() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_prometheus_reads_its_configuration() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Prometheus) is absent")
    ran = subprocess.run(
        [promtool, "check", "config", ROOT / "deploy" / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def service_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment made as the service image makes its own."""
    uv = Path(sys.executable).parent / "uv"
    environment = tmp_path_factory.mktemp("service") / "venv"
    lock = ROOT / "requirements" / "service.txt"
    python = environment / "bin" / "python"
    commands: list[list[str | Path]] = [
        [uv, "venv", "--quiet", "--python", sys.executable, environment],
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock],
    ]
    for command in commands:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    return python


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """What the service stage copies, and nothing else."""
    for package in ("publication", "service"):
        shutil.copytree(ROOT / package, tmp_path / "app" / package, ignore=IGNORED)
    return tmp_path / "app"


@pytest.fixture
def served(service_python: Path, image_folder: Path, tmp_path: Path, free_port: int) -> Iterator[str]:
    """The address of a service that runs from the image's files and packages alone."""
    log = tmp_path / "log"
    environ = {"PATH": os.environ["PATH"], "HEADROOM_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [service_python, "-m", "service", "--port", str(free_port)],
            cwd=image_folder,
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        servers.wait_until_listening(free_port, process, log)
        yield f"http://{servers.LOOPBACK}:{free_port}"
    finally:
        servers.stop(process)


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_service_runs_from_its_own_lock_and_two_packages(served: str) -> None:
    assert status(f"{served}/healthz") == 200
    assert status(f"{served}/metrics") == 200
    assert status(f"{served}/readyz") == 503  # alive, and nothing published yet


@pytest.mark.parametrize("library", ["numpy", "pandas", "mlflow", "sklearn", "training"])
def test_the_service_image_could_not_import_a_model(service_python: Path, image_folder: Path, library: str) -> None:
    ran = subprocess.run(
        [service_python, "-c", f"import {library}"], cwd=image_folder, capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError" in ran.stderr
