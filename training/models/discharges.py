"""Discharges as a share of the patients in bed: a hazard by calendar, recent admissions and occupancy rate.

Daily totals do not show the length of each stay. Patients admitted lately leave sooner than others, so moving averages
of admissions stand for the mix of stays. Weekdays and holidays multiply the hazard, and more patients leave once the
occupancy rate has passed a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from training.frames import BoolArray, FloatArray
from training.history.patient_flow import FlowCounts
from training.models.effects import Design, Effects, fitted_effects
from training.models.level import moving_averages, ridge_coefficients

ADMISSION_CONSTANTS = (0.5, 0.2, 0.07, 0.02)  # weight of the newest day in each moving average of admissions
HAZARD_WARM_UP_DAYS = 60  # in which the slow averages settle
HAZARD_ITERATIONS = 2  # calendar effects, then coefficients, and both once more
HAZARD_MA_COEFFICIENT = 0.9  # of the hazard's IMA(1, 1) process: it hardly drifts
COMMON_HAZARD_PENALTY = 10.0  # ridge penalty of what all places share, in days
OWN_HAZARD_PENALTY = 200.0  # of a place's deviation from it


@dataclass(frozen=True)
class Hazard:
    """The fitted discharges of some places.

    `coefficients` (n_places, n_features) multiply the features of `hazard_features`. `daily_sd` (n_places,) is the
    standard deviation of a day's discharges around their expectation, in patients.
    """

    effects: Effects
    coefficients: FloatArray
    daily_sd: FloatArray

    def discharges(self, features: FloatArray, multiples: FloatArray) -> FloatArray:
        """Return expected discharges (..., n_places), in patients.

        `features` (..., n_places, n_features); `multiples` (..., n_places) are the factors of calendar and events.
        """
        return np.asarray((features * self.coefficients).sum(axis=-1) * multiples)


def recent_admissions(admissions: FloatArray) -> FloatArray:
    """Return moving averages (n_days, n_places, n_averages) of admissions (n_days, n_places)."""
    return np.moveaxis(moving_averages(admissions, ADMISSION_CONSTANTS), 0, -1)


def update_ewma(averages: FloatArray, admissions: FloatArray) -> FloatArray:
    """Return the averages (..., n_places, n_averages) one day later, with that day's admissions (..., n_places)."""
    return np.asarray(averages + np.array(ADMISSION_CONSTANTS) * (admissions[..., None] - averages))


def hazard_features(
    census: FloatArray, averages: FloatArray, beds: FloatArray, thresholds: Sequence[float], census_sd: FloatArray
) -> FloatArray:
    """Return the features of the next day's discharges: (..., n_places, n_features), in patients.

    They are the census (..., n_places), the averages of admissions, and for each threshold the census times the
    probability that the occupancy rate has passed it. `census_sd` (n_places,) is that of a forecast census, in
    patients; 0 for a known one. Without a number of beds (NaN) the probability is 0.
    """
    surplus = census[..., None] - np.multiply.outer(beds, np.array(thresholds))
    width = np.maximum(census_sd, 1e-9)[..., None]
    passed = np.nan_to_num(np.where(census_sd[..., None] > 0, ndtr(surplus / width), surplus >= 0)) * ~np.isnan(surplus)
    return np.concatenate([census[..., None], averages, census[..., None] * passed], axis=-1)


def fitted_hazard(
    counts: FlowCounts,
    observed: BoolArray,
    calendar: Design,
    unique_ids: Sequence[str],
    thresholds: Sequence[float],
) -> Hazard:
    """Return the hazard fitted to counts where they are `observed` (n_days, n_places).

    `calendar` has the same days, and `unique_ids` are the series of the discharges.
    """
    none = np.zeros(counts.occupancy.shape[1])
    averages = recent_admissions(counts.admissions)
    before = hazard_features(counts.occupancy, averages, counts.beds, thresholds, none)[:-1]
    leaving, seen, days = counts.discharges[1:], observed[1:] & observed[:-1], calendar.rows(1, len(observed))
    expected = counts.occupancy[:-1]
    for _ in range(HAZARD_ITERATIONS):
        shares = pd.DataFrame(leaving / np.maximum(expected, 1e-3) * leaving.mean(), columns=list(unique_ids))
        effects, _ = fitted_effects(shares, seen, days, HAZARD_MA_COEFFICIENT)
        multiples = np.exp(effects.on(days, list(unique_ids)))
        coefficients = _coefficients(before * multiples[:, :, None], leaving, seen)
        expected = (before * coefficients).sum(axis=-1)
    daily_sd = np.nanstd(np.where(seen, leaving - expected * multiples, np.nan), axis=0)
    return Hazard(effects, coefficients, np.nan_to_num(daily_sd))


def _coefficients(before: FloatArray, leaving: FloatArray, seen: BoolArray) -> FloatArray:
    """Return coefficients (n_places, n_features): a constant share of the census, and deviations that the data show.

    Deviations are one ridge regression over all places, each feature over its baseline there, and one for each place
    of what is left. Discharges vary by the root of their mean: each place has the weight of that precision.
    """
    places = range(leaving.shape[1])
    before, leaving = (values[HAZARD_WARM_UP_DAYS:] for values in (before, leaving))
    seen = seen[HAZARD_WARM_UP_DAYS:]
    baselines = [_baseline(before[:, j], leaving[:, j]) for j in places]
    scaled = [before[:, j][seen[:, j]] * baselines[j] for j in places]
    roots = [max(float(leaving[:, j].mean()), 1.0) ** 0.5 for j in places]
    inputs = [table / root for table, root in zip(scaled, roots, strict=True)]
    targets = [(leaving[:, j][seen[:, j]] - scaled[j][:, 0]) / roots[j] for j in places]
    common = ridge_coefficients(np.concatenate(inputs), np.concatenate(targets), COMMON_HAZARD_PENALTY)
    own = [ridge_coefficients(x, y - x @ common, OWN_HAZARD_PENALTY) for x, y in zip(inputs, targets, strict=True)]
    constant = np.eye(before.shape[2])[0]
    return np.stack([baselines[j] * (constant + common + own[j]) for j in places])


def _baseline(before: FloatArray, leaving: FloatArray) -> FloatArray:
    """Return the factors (n_features,) by which each feature (n_days, n_features) alone gives the mean discharges.

    Those of thresholds are that of the census.
    """
    of_census = leaving.sum() / max(float(before[:, 0].sum()), 1.0)
    of_admissions = leaving.sum() / max(float(before[:, 1].sum()), 1.0)
    others = before.shape[1] - 1 - len(ADMISSION_CONSTANTS)
    return np.array([of_census, *[of_admissions] * len(ADMISSION_CONSTANTS), *[of_census] * others])
