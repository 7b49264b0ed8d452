"""Settings of jobs, and instants as people write them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.planted import HORSE
from training.errors import UsageError
from training.jobs.context import Context, context
from training.jobs.demo import how_to_see_mlflow
from training.settings import settings

NOW = datetime(2026, 7, 10, 5, 30, tzinfo=UTC)
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
holidays = "GB-ENG"

[[places]]
place = "north"
parent = ""
name = "North"
kind = "system"

[sources.daily]
path = "extract.csv"
place = "code"
day = "date"
measures = { occupancy = "occupancy" }
"""


@pytest.fixture
def job(tmp_path: Path) -> Context:
    (tmp_path / "system.toml").write_text(SYSTEM)
    return context(tmp_path / "system.toml", settings(tmp_path / "home", {}), NOW)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31", datetime(2026, 2, 1, 0, 0, tzinfo=UTC)),  # a day means its end, in London
        ("2026-06-30", datetime(2026, 6, 30, 23, 0, tzinfo=UTC)),
        ("2026-06-30T08:00", datetime(2026, 6, 30, 7, 0, tzinfo=UTC)),  # without an offset: in London
        ("2026-06-30T08:00+00:00", datetime(2026, 6, 30, 8, 0, tzinfo=UTC)),
        ("2026-06-30T08:00Z", datetime(2026, 6, 30, 8, 0, tzinfo=UTC)),
    ],
)
def test_an_instant_is_what_was_written_in_the_hospitals_time(written: str, meant: datetime, job: Context) -> None:
    assert job.instant(written) == meant


@pytest.mark.parametrize("written", ["", "yesterday", "31.01.2026", "2026-02-30", "2026-13-01T08:00"])
def test_what_is_no_instant_is_rejected(written: str, job: Context) -> None:
    with pytest.raises(UsageError, match="is not an instant"):
        job.instant(written)


@pytest.mark.parametrize(
    ("cutoff", "stands_at"),
    [
        (None, NOW),
        (date(2026, 7, 8), datetime(2026, 7, 8, 23, 0, tzinfo=UTC)),
        (date(2026, 7, 10), NOW),  # today is not over
        (date(2027, 1, 1), NOW),
    ],
)
def test_a_cutoff_hides_what_became_known_after_its_day(cutoff: date | None, stands_at: datetime, job: Context) -> None:
    assert job.as_of(cutoff) == stands_at


@pytest.mark.parametrize(
    ("home", "environ", "expected"),
    [
        ("/a", {}, ("/a", "sqlite:////a/publications.db", "sqlite:////a/mlflow.db")),
        (None, {"HEADROOM_HOME": "/b"}, ("/b", "sqlite:////b/publications.db", "sqlite:////b/mlflow.db")),
        ("/a", {"HEADROOM_HOME": "/b"}, ("/a", "sqlite:////a/publications.db", "sqlite:////a/mlflow.db")),
        ("/a", {"HEADROOM_STORE_URL": "postgresql://x/y"}, ("/a", "postgresql://x/y", "sqlite:////a/mlflow.db")),
        ("/a", {"MLFLOW_TRACKING_URI": "http://m:5000"}, ("/a", "sqlite:////a/publications.db", "http://m:5000")),
        ("/a b", {}, ("/a b", "sqlite:////a b/publications.db", "sqlite:////a b/mlflow.db")),
        ("/1%?", {}, ("/1%?", "sqlite:////1%25%3F/publications.db", "sqlite+pysqlite:////1%25%3F/mlflow.db")),
    ],
)
def test_the_command_line_wins_over_the_environment(
    home: str | None, environ: Mapping[str, str], expected: tuple[str, str, str]
) -> None:
    found = settings(None if home is None else Path(home), environ)
    assert (str(found.home), found.store_url, found.tracking_uri) == expected


@pytest.mark.parametrize(
    ("tracking_uri", "shown"),
    [
        (f"http://mona:{HORSE}@mlflow:5000", "http://***@mlflow:5000"),
        ("sqlite:////srv/mlflow.db", "mlflow ui --backend-store-uri sqlite:////srv/mlflow.db"),
        ("sqlite:////srv/a b/mlflow.db", "mlflow ui --backend-store-uri 'sqlite:////srv/a b/mlflow.db'"),
        (f"postgresql://mona:{HORSE}@db/runs", "mlflow ui --backend-store-uri 'postgresql://***@db/runs'"),
    ],
    ids=["a server", "a file", "a file with a blank in its path", "a database"],
)
def test_the_demo_says_how_to_see_mlflow_and_shows_no_password(tracking_uri: str, shown: str) -> None:
    assert how_to_see_mlflow(settings(Path("/a"), {"MLFLOW_TRACKING_URI": tracking_uri})) == shown


def test_settings_that_are_printed_show_no_address() -> None:
    found = settings(Path("/a"), {"HEADROOM_STORE_URL": f"postgresql://hr:{HORSE}@h/d"})
    assert repr(found) == "Settings(home=PosixPath('/a'))"
