"""A release: one place gives its version, and the wheel holds everything that its programs need."""

import json
import re
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import publication
from tests.architecture.repository import PACKAGES, ROOT
from tests.distribution import SDIST, WHEEL, build
from tests.servers import run_service
from tests.unit.cli.commands import headroom


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(dist / WHEEL)


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel.read(name))


def test_wheel_and_sdist_have_the_version_of_the_code(dist: Path, wheel: zipfile.ZipFile) -> None:
    assert sorted(path.name for path in dist.iterdir()) == [WHEEL, SDIST]
    assert metadata(wheel)["Version"] == publication.__version__


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"service/page/templates/base.html", "service/page/static/page.css"} < ours
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == ours


def test_the_wheel_has_the_extras_and_programs_of_the_docs(wheel: zipfile.ZipFile) -> None:
    assert {"service", "training"} <= set(metadata(wheel).get_all("Provides-Extra") or ())
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert re.findall(r"^(\S+) = ", wheel.read(name).decode(), re.MULTILINE) == ["headroom", "headroom-service"]


def test_both_programs_print_the_version(tmp_path: Path) -> None:
    assert headroom("--version").out == f"headroom {publication.__version__}\n"
    assert run_service(tmp_path, "--version").stdout == f"headroom-service {publication.__version__}\n"


def test_the_api_is_described_in_the_version_of_the_release() -> None:
    api = json.loads((ROOT / "tests" / "golden" / "service" / "openapi.json").read_text())
    assert api["info"]["version"] == publication.__version__


def test_the_docs_install_this_wheel() -> None:
    page = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"headroom_forecast-\S+?\.whl", page)) == {WHEEL}


def test_the_changelog_has_the_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert publication.__version__ in headings[0]
