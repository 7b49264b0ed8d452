"""The distribution, built from the checkout as `make release` builds it."""

import re
import subprocess
import sys
from pathlib import Path

import publication
from tests.architecture.repository import ROOT

WHEEL = f"headroom_forecast-{publication.__version__}-py3-none-any.whl"
SDIST = f"headroom_forecast-{publication.__version__}.tar.gz"
UV = Path(sys.executable).parent / "uv"
BUILD_SECONDS = 120


def build(folder: Path) -> Path:
    """Build wheel and sdist into a folder, by the words of the Makefile, and return the folder."""
    (line,) = re.findall(r"^\t\$\(UV\) build (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    words = line.replace("$(BIN)/python", sys.executable).replace("$(DIST)", str(folder)).split()
    ran = subprocess.run(
        [UV, "build", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
    )
    assert ran.returncode == 0, ran.stderr
    return folder
