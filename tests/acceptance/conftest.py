"""One journey for all acceptance tests."""

from collections.abc import Iterator

import pytest

from tests.acceptance.journey import Journey, service, yesterday_in
from tests.unit.cli.commands import headroom

DAYS = 180


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """A simulated system of one trust and two sites, and a service that waits for its first publication."""
    folder = tmp_path_factory.mktemp("journey")
    system, home = folder / "system", folder / "home"
    headroom("simulate", "--out", system, "--seed", 3, "--days", DAYS, "--trusts", 1, "--sites", 2)
    with service(home) as address:
        yield Journey(system / "system.toml", home, address, yesterday_in(system))
