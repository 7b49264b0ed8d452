"""How many connections are left, under limits of the operating system that a process of its own sets itself."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = "from service.http.open_files import max_open_connections; print(max_open_connections(2000))"


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ("-n 2128", 2000),
        ("-n 2127", 1999),
        ("-n 1024", 896),
        ("-Sn 256", 2000),  # raised
        ("-n 4000", 2000),
        ("-n 100", 50),  # not one would be left
    ],
)
def test_what_is_left_after_a_reserve(limits: str, left: int) -> None:
    command = ["sh", "-c", f'ulimit {limits} && exec "$@"', "sh", sys.executable, "-c", CODE]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert int(run.stdout) == left
