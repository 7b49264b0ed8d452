"""The Dockerfile: what it copies exists, its locks match pyproject.toml, and what a lock installs is enough to run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import servers
from tests.architecture.repository import ROOT

TARGETS = ("service", "training")
INSTALL_SECONDS = 600
MAX_IMAGE_BYTES = 150e6  # of the service: its packages and our code, without the base image
TEXT = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
STAGES = {stage.split()[2]: stage for stage in re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]}
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def arguments(instruction: str, text: str = TEXT) -> list[str]:
    """Return the arguments of each use of an instruction."""
    return re.findall(rf"^{instruction} (.+)$", text, re.MULTILINE)


def command(instruction: str, target: str) -> list[str]:
    """The last command of a stage, as its words."""
    words: list[str] = json.loads(re.sub(r"^.*?\[", "[", arguments(instruction, STAGES[target])[-1]))
    return words


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [line.split()[0] for line in arguments("COPY") if not line.startswith("--from=")]
    assert len(copied) == 7
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert [path for path in copied if not any(Path(path).match(line[1:]) for line in ignored if line[0] == "!")] == []


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_its_own_packages_alone(target: str) -> None:
    sources = [line.split()[-2] for line in arguments("COPY", STAGES[target])]
    assert sources == ["/opt/venv", "publication/", f"{target}/"]
    assert f"COPY --from={target}-packages /opt/venv /opt/venv" in STAGES[target]
    assert f"COPY requirements/{target}.txt /requirements/" in STAGES[f"{target}-packages"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_lock_has_every_dependency_in_a_version_that_is_allowed(target: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"][target]]
    locked = {normalised(name): version for name, version in PINNED.findall(lock(target).read_text())}
    assert len(needed) > 5
    assert [str(one) for one in needed if not one.specifier.contains(locked.get(normalised(one.name), "0"))] == []


def test_every_install_is_checked_against_hashes() -> None:
    installs = re.findall(r"pip install [^&\n]+", TEXT)
    assert len(installs) == 3
    assert [install for install in installs if "--require-hashes -r /requirements/" not in install] == []


def test_no_secret_is_built_in() -> None:
    assert arguments("ARG") + arguments("ADD") == []
    assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|://[^1]", TEXT)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_without_privileges_and_has_a_health_check(target: str) -> None:
    (user,) = re.findall(r"useradd [^&]*--uid (\d+)", STAGES["base"])
    (group,) = re.findall(r"groupadd [^&]*--gid (\d+)", STAGES["base"])
    assert arguments("USER", STAGES[target]) == [f"{user}:{group}"]  # of a name the kubelet knows no number
    assert re.search(r"useradd [^&]*--uid [1-9]\d+ [^&]*--shell /usr/sbin/nologin headroom\b", STAGES["base"])
    assert command("HEALTHCHECK", target)[0] == "python"


def test_an_image_built_without_a_target_is_the_service() -> None:
    assert list(STAGES)[-1] == "service"


def test_the_service_runs_on_its_lock_alone(tmp_path: Path) -> None:
    python, port, log = installed("service", tmp_path), servers.free_port(), tmp_path / "log"
    cut(tmp_path)
    assert content_bytes(tmp_path) < MAX_IMAGE_BYTES
    here = {"python": str(python), "0.0.0.0": servers.LOOPBACK, "8000": str(port)}
    entry = [here.get(word, word) for word in (*command("ENTRYPOINT", "service"), *command("CMD", "service"))]
    health = [here.get(word, word.replace(":8000/", f":{port}/")) for word in command("HEALTHCHECK", "service")]
    environ = {"HEADROOM_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    assert subprocess.run(health, check=False, capture_output=True).returncode != 0
    with log.open("wb") as output:
        process = subprocess.Popen(entry, cwd=tmp_path, env=environ, stdout=output, stderr=output)
    try:
        servers.wait_until_listening(port, process, log)
        assert subprocess.run(health, check=False).returncode == 0
        for path in ("metrics", "static/plotly.min.js", "docs", "openapi.json"):
            with urllib.request.urlopen(f"http://{servers.LOOPBACK}:{port}/{path}", timeout=10) as answer:
                assert answer.status == 200
    finally:
        servers.stop(process)


@pytest.mark.drill
def test_the_training_jobs_run_on_their_lock_alone(tmp_path: Path) -> None:
    python = installed("training", tmp_path)
    jobs = sorted(path.stem for path in (tmp_path / "training" / "jobs").glob("[a-z]*.py"))
    imports = "; ".join(f"import training.jobs.{job}" for job in jobs)
    health = [str(python), *command("HEALTHCHECK", "training")[1:]]
    ran = subprocess.run(health, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "backtest" in ran.stdout
    ran = subprocess.run([python, "-c", imports], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def cut(folder: Path) -> None:
    """Run what the Dockerfile does after the installation, on an environment in a folder."""
    _, _, command = STAGES["service-packages"].partition("&& ")
    version = "{}.{}".format(*sys.version_info[:2])
    command = command.replace("/opt/venv", str(folder / "venv")).replace("python3.13", f"python{version}")
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def content_bytes(folder: Path) -> int:
    """The bytes of the files that an image adds to its base."""
    return sum(
        path.lstat().st_size
        for place in ("venv/lib", "publication", "service")
        for path in (folder / place).rglob("*")
        if path.is_file()
    )


def lock(target: str) -> Path:
    return ROOT / "requirements" / f"{target}.txt"


def installed(target: str, folder: Path) -> Path:
    """The Python of a new environment with a lock's packages; copies of our packages lie next to it."""
    uv, python = Path(sys.executable).parent / "uv", folder / "venv" / "bin" / "python"
    for words in (
        ("venv", "--quiet", "--python", sys.executable, folder / "venv"),
        ("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock(target)),
    ):
        ran = subprocess.run(
            [uv, *words],
            env={**os.environ, "UV_COMPILE_BYTECODE": "1"},  # as in the image
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
        assert ran.returncode == 0, ran.stderr
    for package in ("publication", target):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return python


def test_an_image_runs_on_the_python_that_its_packages_are_installed_for() -> None:
    versions = set(re.findall(r"python(3\.\d+)/site-packages", TEXT))
    assert {f"{version}-slim" for version in versions} == set(re.findall(r"^FROM python:(\S+)", TEXT, re.MULTILINE))
