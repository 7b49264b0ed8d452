"""What a trained version brings along so that tomorrow's forecast learns nothing anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from training.history.learnt import Key
from training.models.candidate import Means, target_days
from training.models.kept import keep, kept

LEARNT, MEANS = "learnt", "means.parquet"
BOOKS = SERIES, SUMS = ("series", "sums")
WHERE = ["candidate", "cutoff", "unique_id"]


@dataclass(frozen=True)
class Chapter:
    """Of bottom series, or of sums: candidates' means in windows by name, and the parts that candidates fitted."""

    means: Mapping[str, Means] = field(default_factory=dict)
    learnt: Mapping[Key, object] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The calibration and fitted state of a version."""

    series: Chapter = Chapter()
    sums: Chapter = Chapter()

    def write(self, folder: Path) -> None:
        """Into a folder, which is made: Parquet, JSON and arrays."""
        for name, chapter in zip(BOOKS, (self.series, self.sums), strict=True):
            keep(chapter.learnt, folder / name / LEARNT)
            _rows(chapter.means).to_parquet(folder / name / MEANS, index=False)


def read_state(folder: Path) -> State:
    """The state that was written into a folder."""
    return State(*(Chapter(_means(folder / name / MEANS), kept(folder / name / LEARNT)) for name in BOOKS))


def _rows(means: Mapping[str, Means]) -> pd.DataFrame:
    """One row for each candidate, cutoff and series: its means by lead."""
    rows = [
        page.T.set_axis([str(lead) for lead in range(1, len(page) + 1)], axis=1)
        .rename_axis("unique_id")
        .reset_index()
        .assign(candidate=name, cutoff=cutoff)
        for name, made in means.items()
        for cutoff, page in made.by_cutoff.items()
    ]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=WHERE)


def _means(file: Path) -> dict[str, Means]:
    found: dict[str, Means] = {}
    for (name, cutoff), rows in pd.read_parquet(file).groupby(["candidate", "cutoff"], sort=False):
        page = rows.drop(columns=WHERE).set_axis(rows["unique_id"], axis=0).rename_axis(None).T
        day = pd.Timestamp(str(cutoff))
        found.setdefault(str(name), Means()).by_cutoff[day] = page.set_axis(target_days(day, len(page)), axis=0)
    return found
