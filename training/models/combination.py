"""Combinations of other candidates' means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.models.candidate import Means


@dataclass(frozen=True)
class LearnedEnsemble:
    """A weighted mean of its members' means: weights by measure and lead, learnt from the windows before each cutoff.

    The pipeline learns them (`training/calibration/weights.py`): it knows the windows. A member that fails for a series
    is left out of that series.
    """

    members: tuple[str, ...]


@dataclass(frozen=True)
class Combination:
    """The plain mean of its members' means; it fails for a series where any member does."""

    members: tuple[str, ...]

    def combine(self, members: Sequence[Means], cutoffs: Iterable[pd.Timestamp]) -> Means:
        """The average at the cutoffs, which every member must have."""
        combined = Means()
        for cutoff in cutoffs:
            first, *rest = (member.by_cutoff[cutoff] for member in members)
            average = np.stack([first, *(other[first.columns] for other in rest)]).mean(axis=0)
            combined.by_cutoff[cutoff] = pd.DataFrame(average, first.index, first.columns)
        for member in members:
            combined.failures.update(member.failures)
        return combined
