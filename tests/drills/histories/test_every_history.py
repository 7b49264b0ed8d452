"""Two mornings, a backtest and a training of hospitals with every kind of history: a forecast, or a listed sentence.

`make histories` runs as many of them as have every pair of lengths, measures, structures and incidents; with
`HEADROOM_HISTORIES=all` it runs the complete product, for hours.
"""

import os
from pathlib import Path

import pytest

from tests.drills.histories.expected import check
from tests.drills.histories.hospitals import Hospital
from tests.drills.histories.mornings import empty_database, mornings
from tests.drills.histories.selection import covering, every_hospital

# The library's own, when a database that it has opened is closed.
pytestmark = [pytest.mark.histories, pytest.mark.filterwarnings("ignore::ResourceWarning")]

COMPLETE = os.environ.get("HEADROOM_HISTORIES") == "all"
HOSPITALS = every_hospital() if COMPLETE else covering(every_hospital())


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_database(tmp_path_factory.mktemp("mlflow") / "mlflow.db")


@pytest.mark.parametrize("hospital", HOSPITALS, ids=str)
def test_every_morning_ends_with_a_forecast_near_the_truth_or_a_sentence(
    hospital: Hospital, tmp_path: Path, database: Path
) -> None:
    check(hospital, mornings(hospital, tmp_path / "case", database))
