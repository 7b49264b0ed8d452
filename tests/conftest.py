"""Fixtures that several kinds of test share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests import servers
from tests.planted import pytest_make_collect_report, pytest_pycollect_makeitem, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_pycollect_makeitem", "pytest_runtest_makereport"]  # hooks of pytest

JOURNEYS = [
    Path(__file__).parent / place
    for place in (
        "acceptance",
        "browser",
        "contract/backup",
        "contract/service/test_process.py",
        "contract/service/test_wire.py",
        "contract/tracking",
        "unit/cli",
        "unit/jobs",
    )
]

settings.register_profile("headroom", deadline=None, print_blob=True)  # a slow machine is no failure
settings.load_profile("headroom")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave journeys out before they are imported, where none is selected; None: as pytest decides."""
    is_journey = any(collection_path.is_relative_to(place) for place in JOURNEYS)
    return True if is_journey and "not journey" in config.option.markexpr else None


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of the places of journeys as one."""
    for item in items:
        if any(item.path.is_relative_to(place) for place in JOURNEYS):
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL cluster started for this run; skips, saying so, where PostgreSQL is not installed."""
    with ExitStack() as running:
        try:
            url = running.enter_context(servers.postgresql())
        except servers.ServerAbsentError as absent:
            pytest.skip(str(absent))
        yield url


@pytest.fixture
def free_port() -> int:
    """A loopback TCP port that nothing listens on."""
    return servers.free_port()
