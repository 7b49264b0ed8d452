"""The folder is the diagram: what may import what, and how large a module may grow."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.repository import PACKAGES, ROOT, modules

MAX_LINES = 400


def test_the_import_rules_hold() -> None:
    lint_imports = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("module", ["service.app", "publication.store"])
def test_importing_it_loads_no_numerical_library_and_no_mlflow(module: str) -> None:
    """Import rules as the running interpreter meets them, where import-linter reads the source."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = next(c["forbidden_modules"] for c in contracts if c.get("source_modules") == ["service", "publication"])
    program = f"import sys, {module}; print(*sorted(set(sys.modules) & set({forbidden!r})))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


def test_no_module_has_outgrown_its_name() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*PACKAGES, "tests")
    }
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}
