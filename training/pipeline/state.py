"""What a trained version was saved with, so that tomorrow's forecast makes only what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from training.models.candidate import Key
from training.models.saved_fits import load_fitted, save_fitted
from training.pipeline.saved_means import SavedMeans, saved_means

FITS, MEANS = "fits", "means.parquet"
SECTIONS = SERIES, SUMS = ("series", "sums")


@dataclass(frozen=True)
class StateSection:
    """Of bottom series, or of sums: candidates' means in windows, and the parts that candidates fitted."""

    means: SavedMeans = field(default_factory=SavedMeans)
    fits: Mapping[Key, object] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The means and fits of a version, each under the digest of what it was made from."""

    series: StateSection = field(default_factory=StateSection)
    sums: StateSection = field(default_factory=StateSection)

    def with_more(self, other: "State") -> "State":
        """All that either has."""
        both = zip((self.series, self.sums), (other.series, other.sums), strict=True)
        return State(*(_together(ours, theirs) for ours, theirs in both))

    def write(self, folder: Path) -> None:
        """Write into a folder, which is made: Parquet, JSON and arrays."""
        for name, section in zip(SECTIONS, (self.series, self.sums), strict=True):
            save_fitted(section.fits, folder / name / FITS)
            section.means.rows().to_parquet(folder / name / MEANS, index=False)


def _together(section: StateSection, other: StateSection) -> StateSection:
    means = SavedMeans()
    means.update(section.means)
    means.update(other.means)
    return StateSection(means, {**section.fits, **other.fits})


def read_state(folder: Path) -> State:
    """Return the state that was written into a folder."""
    return State(
        *(
            StateSection(saved_means(pd.read_parquet(folder / name / MEANS)), load_fitted(folder / name / FITS))
            for name in SECTIONS
        )
    )
