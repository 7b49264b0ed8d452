"""`train`, `publish` and `score` across a merger of two sites."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publication.model import Publication
from tests.unit.jobs.hospitals import hospital, morning, quiet, received, send
from tests.unit.pipeline.histories import counts
from training.jobs import promote, publish, score, train

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

DAYS = pd.date_range("2026-01-05", periods=150, freq="D")
OPENED = DAYS[140]
EVE = OPENED - pd.Timedelta(days=1)
HEADER = "place,parent,name,kind,valid_from,valid_to,succeeds\n"
SITES = "north,,North,system,,,\nA,north,A,site,,,\nB,north,B,site,,,\nC,north,C,site,,,\n"
MERGED = f"M,north,M,site,{OPENED:%Y-%m-%d},,A;B\n"


def reported() -> pd.DataFrame:
    levels = {"A": 40, "B": 60, "C": 80, "M": 100}
    table = pd.DataFrame(
        {f"{p}/attendances": counts(150, level, i, DAYS[0]) for i, (p, level) in enumerate(levels.items())}
    )
    table.loc[OPENED:, ["A/attendances", "B/attendances"]] = np.nan
    table.loc[:EVE, "M/attendances"] = np.nan
    return table


def places_of(publication: Publication) -> set[str]:
    return {series.key.place for series in publication.series}


def morning_after(day: pd.Timestamp) -> date:
    return day.date() + timedelta(days=1)


def test_a_merger_on_the_way_from_training_to_live_scores(tmp_path: Path) -> None:
    """A version of the day before the eve publishes the eve, the first day without its feed, and that day again."""
    system, home, table = hospital(tmp_path, {}), tmp_path / "home", reported()
    (tmp_path / "places.csv").write_text(HEADER + SITES)
    send(tmp_path, table.loc[:EVE])
    job = received(morning(system, home, morning_after(EVE)))
    train.run(job, quiet(), "SeasonalNaive")
    promote.run(job, quiet(), force=True, reason="the first")
    assert places_of(publish.run(job, quiet())) == {"A", "B", "C", "north"}

    (tmp_path / "places.csv").write_text(HEADER + SITES + MERGED)  # from now on the system file has it
    again = publish.run(morning(system, home, morning_after(EVE)), quiet())
    assert places_of(again) == {"A", "B", "C", "north"}

    without_feed = publish.run(morning(system, home, morning_after(OPENED)), quiet(), OPENED.date())
    assert places_of(without_feed) == {"M", "C", "north"}
    merged = without_feed.series_by_id["M/attendances"]
    sums = table.loc[:EVE, ["A/attendances", "B/attendances"]].sum(axis=1)
    assert [actual.y for actual in merged.recent] == [*sums.tail(55), None]
    said = " ".join(note.text for note in without_feed.notes)
    assert "M/attendances" in said
    assert "A/attendances" not in said

    send(tmp_path, table)
    job = received(morning(system, home, morning_after(DAYS[-1])))
    scores = score.run(job, quiet())
    assert scores is not None
    rows = {
        of: sum(found.n for found in scores.scores if found.of[::4] == (f"{of}/attendances", 13))
        for of in ("A", "M", "north")
    }
    assert rows == {"A": 0, "M": 7, "north": 14}  # of the eve and the first day, a week ahead each
