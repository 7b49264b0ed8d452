"""The wheel alone: pip installs it into an empty environment, far from the checkout, without make and git."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from packaging.utils import canonicalize_name

from publication.exit_codes import DISTRIBUTION
from tests import servers
from tests.architecture.repository import ROOT
from tests.distribution import SDIST, WHEEL
from tests.docs.licences import IMAGES, installed_by
from tests.unit.cli.commands import clean_environ

pytestmark = pytest.mark.drill
INSTALL_SECONDS = 1800
DEMO_SECONDS = 3600
NUMERICAL = {"numpy", "pandas", "scipy", "pyarrow", "scikit-learn", "mlflow"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that `make release` leaves in its folder."""
    folder, venv = tmp_path_factory.mktemp("release") / "dist", sys.prefix
    command = ["make", "release", f"VENV={venv}", f"DIST={folder}", f"--assume-old={venv}/.installed"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return dist / WHEEL


@pytest.fixture(scope="module")
def demo_home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the demo of the installed training extra made."""
    folder = tmp_path_factory.mktemp("training")
    programs = installed(wheel, "training", folder)
    command: list[str | Path] = [programs / "headroom", "demo", "--no-serve", "--home", folder / "home"]
    ran = run(command, folder, programs, DEMO_SECONDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "home"


def installed(wheel: Path, extra: str, folder: Path) -> Path:
    """The programs of a new environment with the wheel and what one extra needs, in their newest versions."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=INSTALL_SECONDS)
    programs = folder / "venv" / "bin"
    ran = run([programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[{extra}]"], folder, programs)
    assert ran.returncode == 0, ran.stderr
    return programs


def run(
    command: list[str | Path], folder: Path, programs: Path, seconds: float = INSTALL_SECONDS
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, with the programs of the environment on its path and no others."""
    return subprocess.run(
        command, cwd=folder, env=environ(programs), capture_output=True, text=True, check=False, timeout=seconds
    )


def environ(programs: Path) -> dict[str, str]:
    """The test's own environment without its Python, and without make and git."""
    ours = {name: value for name, value in clean_environ().items() if not name.startswith("PYTHON")}
    return {**ours, "PATH": str(programs)}


def test_a_release_has_a_bill_of_materials_for_each_image(dist: Path) -> None:
    assert sorted(path.name for path in dist.iterdir()) == sorted(
        [WHEEL, SDIST, *(f"{image}.cdx.json" for image in IMAGES)]
    )
    for image in IMAGES:
        bill = json.loads((dist / f"{image}.cdx.json").read_text())
        assert bill["bomFormat"] == "CycloneDX"
        named = {canonicalize_name(component["name"]) for component in bill["components"]}
        assert named == {*installed_by(image), DISTRIBUTION}


def test_the_demo_runs_from_the_wheel_and_the_service_serves_its_store_without_numerical_libraries(
    wheel: Path, demo_home: Path, tmp_path: Path
) -> None:
    programs = installed(wheel, "service", tmp_path)
    listed = run([programs / "python", "-m", "pip", "list", "--format=json"], tmp_path, programs)
    assert {package["name"].lower() for package in json.loads(listed.stdout)} & NUMERICAL == set()
    (tmp_path / "home").mkdir()
    for file in demo_home.glob("publications.db*"):
        shutil.copy(file, tmp_path / "home")
    port, log = servers.free_port(), tmp_path / "log"
    command: list[str | Path] = [programs / "headroom-service", "--home", tmp_path / "home", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=tmp_path, env=environ(programs), stdout=output, stderr=output)
    try:
        servers.wait_until_listening(port, process, log)
        check_answers(f"http://{servers.LOOPBACK}:{port}")
    finally:
        servers.stop(process)
    assert process.returncode == os.EX_OK


def check_answers(address: str) -> None:
    """Pages, files of pages, documentation and data are in the wheel."""
    with httpx.Client(base_url=address) as client:
        assert len(client.get("/v1/publications").json()["publications"]) == 28
        assert client.get("/v1/forecasts").json()["publication"]["system"] == "northshire"
        for path in ("/", "/accuracy", "/docs"):
            page = client.get(path, headers={"Accept": "text/html"})
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/", headers={"Accept": "text/html"}).text)
        assert len(assets) >= 3
        assert {client.get(asset).status_code for asset in assets} == {200}
