"""Simulated systems that several modules look at; no test changes them."""

from pathlib import Path

import pytest

from tests.unit.simulate.reading import write
from training.simulate.scenario import FaultKind


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three years of four sites, no option used."""
    return write(tmp_path_factory.mktemp("plain"), seed=7)


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight years of nine sites, with strikes: what effects are recovered from."""
    return write(tmp_path_factory.mktemp("long"), seed=11, days=2922, trusts=3, sites=9, strikes=True)


@pytest.fixture(scope="session")
def warded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of two sites of five wards."""
    return write(tmp_path_factory.mktemp("warded"), seed=5, days=366, trusts=1, sites=2, wards=5)


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of three sites, two of which merge."""
    return write(tmp_path_factory.mktemp("merged"), seed=5, days=366, trusts=1, sites=3, merger=True)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of four sites and every fault."""
    return write(tmp_path_factory.mktemp("dirty"), seed=2, days=730, faults=tuple(FaultKind))
