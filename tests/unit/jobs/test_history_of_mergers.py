"""`history --as-of` across a merger: the places of the last day that was over then."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from tests.unit.jobs.hospitals import hospital, morning, received, send
from tests.unit.pipeline.histories import counts
from training.jobs import history
from training.jobs.context import Context

DAYS = pd.date_range("2026-01-05", periods=30, freq="D")
OPENED = pd.Timestamp("2026-01-26")
PLACES = """place,parent,name,kind,valid_from,valid_to,succeeds
north,,North,system,,,
A,north,A,site,,,
B,north,B,site,,,
M,north,M,site,2026-01-26,,A;B
"""


@pytest.fixture
def job(tmp_path: Path) -> Context:
    """The morning after the last day, with all of it ingested."""
    system = hospital(tmp_path, {})
    (tmp_path / "places.csv").write_text(PLACES)
    table = pd.DataFrame({f"{place}/attendances": counts(30, 50, i, DAYS[0]) for i, place in enumerate("ABM")})
    table.loc[OPENED:, ["A/attendances", "B/attendances"]] = float("nan")
    table.loc[: OPENED - pd.Timedelta(days=1), "M/attendances"] = float("nan")
    send(tmp_path, table)
    return received(morning(system, tmp_path / "home", datetime(2026, 2, 4, tzinfo=UTC).date()))


@pytest.mark.parametrize(
    ("as_of", "days_of_m"),
    [
        ("2026-01-20", 0),
        ("2026-01-25", 0),  # the end of the eve
        ("2026-01-26T09:00", 0),  # the day on which they merge is not over
        ("2026-01-26", 22),
        ("2026-01-31", 27),
        (None, 30),
        ("2027-01-01", 30),
    ],
)
def test_days_are_inherited_once_the_merger_is_known(
    job: Context, tmp_path: Path, as_of: str | None, days_of_m: int
) -> None:
    out = tmp_path / "known.parquet"
    history.run(job, Console(file=StringIO()), job.instant(as_of), out)
    rows = pd.read_parquet(out)
    assert (rows["unique_id"] == "M/attendances").sum() == days_of_m
    last = rows["ds"].max()
    of_a = rows[rows["unique_id"] == "A/attendances"]
    assert len(of_a) == min(21, (last - DAYS[0]).days + 1)
