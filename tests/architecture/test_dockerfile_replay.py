"""What the Dockerfile says is done on this machine, in a folder: it installs, holds what it should, and runs."""

import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests import servers
from tests.architecture.dockerfile import Image, Replay, stages
from tests.architecture.repository import ROOT

DOCKERFILE = ROOT / "Dockerfile"
TARGETS = {"service": ["publication", "service"], "training": ["publication", "training"]}
SECONDS = 120


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """Images are built when a test first asks for them, and removed at the end: the training image is a gigabyte."""
    folder = tmp_path_factory.mktemp("images")
    yield Replay(DOCKERFILE, folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def service(replay: Replay) -> Image:
    return replay.image("service")


@pytest.fixture(params=TARGETS)
def image(replay: Replay, request: pytest.FixtureRequest) -> Image:
    return replay.image(request.param)


def run(image: Image, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A command in a container of the image, to its end."""
    return subprocess.run(
        command,
        cwd=image.inside("."),
        env=image.container_environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture
def served(service: Image, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of the service image's own command, kept to this machine, and the health check led to it."""
    port, log = servers.free_port(), tmp_path / "log"
    here = {"0.0.0.0": servers.LOOPBACK, "8000": str(port)}
    command = [*service.entrypoint, *(here.get(word, word) for word in service.cmd)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=service.inside("."), env=service.container_environ, stdout=output, stderr=output
        )
    try:
        servers.wait_until_listening(port, process, log)
        yield (
            f"http://{servers.LOOPBACK}:{port}",
            [word.replace(":8000/", f":{port}/") for word in service.healthcheck],
        )
    finally:
        servers.stop(process)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_its_own_packages_alone(target: str, replay: Replay) -> None:
    image = replay.image(target)
    assert image.copied == [f"{package}/" for package in TARGETS[target]]
    assert sorted(path.name for path in image.inside(".").iterdir()) == TARGETS[target]


def test_an_image_runs_as_nobody_special(image: Image) -> None:
    assert image.user == "headroom"
    made = " ".join(step.rest for step in stages(DOCKERFILE.read_text())["base"].steps if step.verb == "RUN")
    assert re.search(r"useradd [^&]*--uid [1-9]\d+ [^&]*--shell /usr/sbin/nologin headroom\b", made)


def test_an_image_says_whether_it_is_well(image: Image) -> None:
    assert image.healthcheck


def test_no_secret_is_built_in() -> None:
    steps = [step for stage in stages(DOCKERFILE.read_text()).values() for step in stage.steps]
    assert [step for step in steps if step.verb in ("ARG", "ADD")] == []
    assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|://[^1]", DOCKERFILE.read_text())


def test_everything_that_is_copied_reaches_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    steps = [step for stage in stages(DOCKERFILE.read_text()).values() for step in stage.steps]
    copied = [step.rest.split()[0] for step in steps if step.verb == "COPY" and "--from" not in step.rest]
    assert [path for path in copied if not any(Path(path).match(pattern) for pattern in allowed)] == []


def test_every_install_is_checked_against_hashes() -> None:
    runs = [
        step.rest for stage in stages(DOCKERFILE.read_text()).values() for step in stage.steps if step.verb == "RUN"
    ]
    installs = [command for run in runs for command in run.split("&&") if "pip install" in command]
    assert len(installs) == 3
    assert [command for command in installs if "--require-hashes -r /requirements/" not in command] == []


def test_the_service_image_serves_and_its_health_check_says_so(served: tuple[str, list[str]], service: Image) -> None:
    address, healthcheck = served
    assert run(service, healthcheck).returncode == 0
    assert status(f"{address}/metrics") == 200
    assert status(f"{address}/readyz") == 503  # alive, and nothing published yet
    assert not list(service.inside("/var/lib/headroom").iterdir())


def test_the_health_check_fails_where_nothing_is_served(service: Image) -> None:
    nowhere = [word.replace(":8000/", f":{servers.free_port()}/") for word in service.healthcheck]
    assert run(service, nowhere).returncode != 0


@pytest.mark.parametrize("library", ["numpy", "pandas", "mlflow", "sklearn", "training"])
def test_the_service_image_could_not_import_a_model(service: Image, library: str) -> None:
    assert "ModuleNotFoundError" in run(service, ["python", "-c", f"import {library}"]).stderr


def test_the_training_image_answers_its_own_command_and_health_check(replay: Replay) -> None:
    image = replay.image("training")
    for command in ([*image.entrypoint, *image.cmd], image.healthcheck):
        ran = run(image, command)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "backtest" in ran.stdout


def test_the_training_image_has_all_that_its_jobs_import(replay: Replay) -> None:
    image = replay.image("training")
    jobs = sorted(path.stem for path in image.inside("training/jobs").glob("[a-z]*.py"))
    program = (
        "import importlib, json\n"
        f"print(json.dumps([importlib.import_module('training.jobs.' + job).__file__ for job in {jobs}]))"
    )
    ran = run(image, ["python", "-c", program])
    assert ran.returncode == 0, ran.stderr
    assert all(file.startswith(os.fspath(image.root)) for file in json.loads(ran.stdout.splitlines()[-1]))
