"""One possible history of a site: integer counts drawn from its truth, conserving the flow of patients exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.simulate.truth import DISPERSION, Counts, SiteTruth


@dataclass(frozen=True)
class SiteHistory:
    """Daily counts, shape (n_days,): occupancy(d) = occupancy(d-1) + admissions(d) - discharges(d), unexplained 0."""

    attendances: Counts
    admissions: Counts
    discharges: Counts
    occupancy: Counts
    beds: Counts


def play(truth: SiteTruth, rng: Generator) -> SiteHistory:
    """Draw the counts of every day."""
    success = DISPERSION / (DISPERSION + truth.attendances)
    attendances = rng.negative_binomial(DISPERSION, success)
    admissions = rng.binomial(attendances, truth.conversion)
    discharges, occupancy = _census(int(rng.poisson(truth.eve)), admissions, truth, rng)
    return SiteHistory(attendances, admissions, discharges, occupancy, truth.beds)


def _census(eve: int, admissions: Counts, truth: SiteTruth, rng: Generator) -> tuple[Counts, Counts]:
    """Discharges and occupancy: each day some of yesterday's census leave, and the day's admissions come in."""
    discharges = np.empty_like(admissions)
    occupancy = np.empty_like(admissions)
    census = eve
    for i in range(len(admissions)):
        discharges[i] = rng.binomial(census, truth.hazard[i])
        census += int(admissions[i] - discharges[i])
        occupancy[i] = census
    return discharges, occupancy
