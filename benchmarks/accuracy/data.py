"""Histories of the four real systems, and what of them is scored at which cutoffs."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from publication.vocabulary import series_key
from training.backtest.options import backtest_cutoffs
from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.point_in_time import PointInTimeHistory
from training.system.model import SystemContext
from training.system.reading import read_system

SYSTEMS = Path(__file__).parents[1] / "systems"
REAL_DATA = Path(__file__).parents[3] / "shared" / "data"
OUT_OF_AREA = "OOA"  # of the ambulance data: no region
WINTER_BEGINS = pd.Timestamp("2021-11-29")  # the first day of the second winter's reports
FIRST_WEEKS = pd.Timedelta(weeks=8)


@dataclass(frozen=True)
class Protocol:
    """A data set: one measure of one system, its scored series, its cutoffs.

    `is_scored` tells by place and root of the system whether a series counts.
    """

    system: str
    measure: str
    horizon: int
    cutoffs: Callable[[PointInTimeHistory], list[pd.Timestamp]]
    is_scored: Callable[[str, str], bool]

    def series(self, history: PointInTimeHistory) -> list[str]:
        """The scored series: those that have a history, and the root where it counts."""
        root, ids = history.system.name, [str(unique_id) for unique_id in history.latest.columns]
        bottom = [i for i in ids if series_key(i).measure == self.measure and self.is_scored(series_key(i).place, root)]
        return [*bottom, *([f"{root}/{self.measure}"] if self.is_scored(root, root) else [])]


def weekly(
    windows: int, horizon: int, last_target: str | None = None
) -> Callable[[PointInTimeHistory], list[pd.Timestamp]]:
    """Weekly cutoffs that end `horizon` days before the last target day (None: the last complete day)."""

    def cutoffs(history: PointInTimeHistory) -> list[pd.Timestamp]:
        last = None if last_target is None else pd.Timestamp(last_target) - pd.Timedelta(days=horizon)
        return backtest_cutoffs(history, windows, 7, horizon, last)

    return cutoffs


def weekly_in_winter(horizon: int) -> Callable[[PointInTimeHistory], list[pd.Timestamp]]:
    """Weekly cutoffs once eight weeks of the second winter are known."""

    def cutoffs(history: PointInTimeHistory) -> list[pd.Timestamp]:
        last = history.last_complete_day - pd.Timedelta(days=horizon)
        return list(pd.date_range(WINTER_BEGINS + FIRST_WEEKS - pd.Timedelta(days=1), last, freq="7D"))

    return cutoffs


def everywhere(place: str, root: str) -> bool:
    """Every place, and the system itself."""
    del place, root
    return True


def regions(place: str, root: str) -> bool:
    """The places of the published ambulance benchmark."""
    return place not in (root, OUT_OF_AREA)


def below_root(place: str, root: str) -> bool:
    """Places without the system itself."""
    return place != root


PROTOCOLS = {
    "swast": Protocol("swast", "responses", 84, weekly(41, 84), regions),
    "portugal": Protocol("portugal_ed", "attendances", 28, weekly(104, 28, "2024-12-31"), everywhere),
    "germany": Protocol("germany_icu", "occupancy", 28, weekly(104, 28, "2025-08-22"), everywhere),
    "winter": Protocol("nhs_winter", "occupancy", 7, weekly_in_winter(7), below_root),
}


def read_history(system: str, holidays: bool = True, measure: str = "") -> PointInTimeHistory:
    """Return a system's history as of its archive; without `holidays` no bank holidays, with `measure` that alone.

    Ends the program, saying so, where the real data is absent.
    """
    if not REAL_DATA.exists():
        sys.exit("The real data is not in ../shared/data next to the checkout: this benchmark needs it.")
    described = read_system(SYSTEMS / f"{system}.toml")
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "history", described.system.timezone)
        ingest(described, archive, Path(folder) / "quarantine", datetime.now(UTC))
        known = described.context
        bare = SystemContext("", known.events, known.school_terms, known.opening_periods)
        versions = archive.versions()
        if measure:
            versions = versions[[series_key(unique_id).measure == measure for unique_id in versions["unique_id"]]]
        return PointInTimeHistory(versions, described.system, context=known if holidays else bare)


def every_so_many(cutoffs: Sequence[pd.Timestamp], every: int) -> list[pd.Timestamp]:
    """Every so many of the cutoffs, counted from the last: a run on few cutoffs ends where the complete one does."""
    return list(reversed(cutoffs[::-1][::every]))
