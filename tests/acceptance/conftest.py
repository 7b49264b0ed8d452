"""One journey for all acceptance tests: each command starts a process of its own, so there are few."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.journey import Journey, Told, run, service, yesterday_in

DAYS = 130
OURS = ("HEADROOM_", "MLFLOW_")


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """This environment without what would lead the commands elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Iterator[Journey]:
    """A simulated system of one trust and two sites, and a service that waits for its first publication."""
    folder = tmp_path_factory.mktemp("journey")
    system, home = folder / "system", folder / "home"
    run(environ, "simulate", "--out", system, "--seed", 3, "--days", DAYS, "--trusts", 1, "--sites", 2)
    with service(home, environ) as address:
        yield Journey(system / "system.toml", home, address, environ, yesterday_in(system))


@pytest.fixture
def demo(environ: dict[str, str]) -> Callable[[Path], Told]:
    """Runs `headroom demo` in a home, without serving."""
    return lambda home: run(environ, "demo", "--no-serve", "--home", home)
