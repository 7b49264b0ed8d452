"""Every public promise is documented, and everything documented exists."""

import ast
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from publication.exit_codes import DISTRIBUTION
from tests.architecture.repository import PACKAGES, ROOT, documentation, modules

VARIABLE = re.compile(r"\b(?:HEADROOM_[A-Z][A-Z_]*[A-Z]|MLFLOW_TRACKING_URI)\b")
VERSION = "{}.{}".format(*sys.version_info[:2])
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def test_every_error_has_a_line_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    classes = {
        node.name
        for path in modules(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    assert {"PublicationError", "TrainingError"} < classes
    assert sorted(name for name in classes if not re.search(rf"\b{name}\b", documented)) == []


def test_the_distribution_has_the_extras_that_errors_name() -> None:
    assert {"training", "service"} <= set(distribution(DISTRIBUTION).metadata.get_all("Provides-Extra") or ())


def test_every_environment_variable_is_documented() -> None:
    read = {name for path in modules(*PACKAGES) for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert "HEADROOM_HOME" in read
    assert sorted(read - set(VARIABLE.findall(documentation()))) == []


def test_every_make_target_is_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    without_help = [line for line in makefile.splitlines() if TARGET.match(line) and "## " not in line]
    assert without_help == []
    targets = {
        "help",
        "setup",
        "demo",
        "test",
        "journeys",
        "check",
        "bench",
        "bench-accuracy",
        "drills",
        "histories",
        "notebooks",
        "docs",
        "fuzz",
        "lock",
        "mutants",
        "release",
        "pictures",
        "soak",
        "clean",
    }
    assert set(TARGET.findall(makefile)) == targets


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_locks_name_no_index_and_hash_everything(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
    hashed = re.findall(r"^[a-z0-9].*== ?[^\n]*\\\n +--hash=sha256:", text, re.MULTILINE)
    assert pins
    assert len(hashed) == len(pins)


def test_the_adrs_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "explanation" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("python", "venv"), [("python3", ".venv"), (sys.executable, f".venv-{VERSION}")])
def test_each_version_of_python_has_an_environment_of_its_own(python: str, venv: str) -> None:
    command = ["make", "--no-print-directory", "--dry-run", "--assume-old", f"{venv}/.installed", "test"]
    ran = subprocess.run([*command, f"PYTHON={python}"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"{venv}/bin/python -m pytest ")
