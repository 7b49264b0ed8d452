"""Discharges as a share of who is in bed: a hazard that knows the calendar, recent admissions, and how full it is.

From daily totals alone nobody can tell how long each patient has stayed. What can be told is that those who came in
lately leave sooner than the others (admissions' moving averages stand for the mix of stays), on which days of the week
and around which holidays people go home, and whether more leave once the occupancy rate has passed a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.linear_model import Ridge

from training.history.ledger import FlowCounts
from training.models.effects import Design, Effects, fitted_effects
from training.models.level import moving_averages

Values = NDArray[np.float64]
DECAYS = (0.5, 0.2, 0.07, 0.02)  # share of the newest day in each moving average of admissions
WARM_UP_DAYS = 60  # in which the slow averages find their place
PASSES = 2  # effects of the calendar, then the mix of stays, and both once more
STEADY = 0.9  # memory of the hazard's process: it hardly wanders
SHRINKAGE = 10.0  # of what all places have in common, in days' worth of a place's discharges
OWN_SHRINKAGE = 200.0  # of what is a place's own


@dataclass(frozen=True)
class Hazard:
    """What was learnt of some places' discharges.

    `coefficients` (n_places, n_causes) multiply the causes of `causes`; `spread` (n_places,) is how far a day's
    discharges scatter around what they give, in patients.
    """

    effects: Effects
    coefficients: Values
    spread: Values

    def discharges(self, causes: Values, multiples: Values) -> Values:
        """Expected discharges (..., n_places) from causes (..., n_places, n_causes) and the calendar's multiples."""
        return np.asarray((causes * self.coefficients).sum(axis=-1) * multiples)


def recent_admissions(admissions: Values) -> Values:
    """Exponential averages (n_days, n_places, n_speeds) of admissions (n_days, n_places)."""
    return np.moveaxis(moving_averages(admissions, DECAYS), 0, -1)


def update_ewma(averages: Values, admissions: Values) -> Values:
    """Averages (..., n_places, n_speeds) one day later, on which so many (..., n_places) were admitted."""
    return np.asarray(averages + np.array(DECAYS) * (admissions[..., None] - averages))


def causes(census: Values, averages: Values, beds: Values, thresholds: Sequence[float], spread: Values) -> Values:
    """What tomorrow's discharges follow from: (..., n_places, n_causes).

    The census, the averages of admissions, and the census once more for each threshold that the occupancy rate has
    passed; where the census is a forecast, by the chance that it has, with its `spread` (n_places,) in patients.
    """
    surplus = census[..., None] - np.multiply.outer(beds, np.array(thresholds))
    width = np.maximum(spread, 1e-9)[..., None]
    passed = np.nan_to_num(np.where(spread[..., None] > 0, ndtr(surplus / width), surplus >= 0)) * ~np.isnan(surplus)
    return np.concatenate([census[..., None], averages, census[..., None] * passed], axis=-1)


def fitted_hazard(
    ledger: FlowCounts, observed: NDArray[np.bool_], features: Design, names: Sequence[str], thresholds: Sequence[float]
) -> Hazard:
    """From counts, where they are `observed` (n_days, n_places), and the calendar's `features` of the same days.

    `names` are those of the discharges' series.
    """
    none = np.zeros(ledger.occupancy.shape[1])
    before = causes(ledger.occupancy, recent_admissions(ledger.admissions), ledger.beds, thresholds, none)[:-1]
    leaving, seen, days = ledger.discharges[1:], observed[1:] & observed[:-1], features.rows(1, len(observed))
    expected = ledger.occupancy[:-1]
    for _ in range(PASSES):
        shares = pd.DataFrame(leaving / np.maximum(expected, 1e-3) * leaving.mean(), columns=list(names))
        effects, _ = fitted_effects(shares, seen, days, STEADY)
        multiples = np.exp(effects.on(days, list(names)))
        coefficients = _coefficients(before * multiples[:, :, None], leaving, seen)
        expected = (before * coefficients).sum(axis=-1)
    spread = np.nanstd(np.where(seen, leaving - expected * multiples, np.nan), axis=0)
    return Hazard(effects, coefficients, np.nan_to_num(spread))


def _coefficients(before: Values, leaving: Values, seen: NDArray[np.bool_]) -> Values:
    """Coefficients (n_places, n_causes): at first a constant share of the census, then how the data differ from it.

    The difference is one ridge regression over all places, each cause over what it usually is there, and a closer
    one of each place's own. A day's discharges scatter by their root: each place is weighed by that.
    """
    usual = [_usual(before[WARM_UP_DAYS:, j], leaving[WARM_UP_DAYS:, j]) for j in range(leaving.shape[1])]
    rows = [seen[WARM_UP_DAYS:, j] for j in range(leaving.shape[1])]
    scaled = [before[WARM_UP_DAYS:, j][row] * unit for j, (unit, row) in enumerate(zip(usual, rows, strict=True))]
    roots = [max(float(leaving[WARM_UP_DAYS:, j].mean()), 1.0) ** 0.5 for j in range(leaving.shape[1])]
    inputs = [table / root for table, root in zip(scaled, roots, strict=True)]
    targets = [
        (leaving[WARM_UP_DAYS:, j][row] - table[:, 0]) / root
        for j, (row, table, root) in enumerate(zip(rows, scaled, roots, strict=True))
    ]
    common = _ridge(np.concatenate(inputs), np.concatenate(targets), SHRINKAGE)
    own = [_ridge(x, y - x @ common, OWN_SHRINKAGE) for x, y in zip(inputs, targets, strict=True)]
    constant = np.eye(before.shape[2])[0]
    return np.stack([unit * (constant + common + mine) for unit, mine in zip(usual, own, strict=True)])


def _usual(before: Values, leaving: Values) -> Values:
    """By what each cause (n_days, n_causes) makes, by itself, the usual number of discharges; the census' for rates."""
    of_census = leaving.sum() / max(float(before[:, 0].sum()), 1.0)
    of_admissions = leaving.sum() / max(float(before[:, 1].sum()), 1.0)
    others = before.shape[1] - 1 - len(DECAYS)
    return np.array([of_census, *[of_admissions] * len(DECAYS), *[of_census] * others])


def _ridge(inputs: Values, targets: Values, alpha: float) -> Values:
    if not len(targets):
        return np.zeros(inputs.shape[1])
    return np.asarray(Ridge(alpha=alpha, fit_intercept=False).fit(inputs, targets).coef_)
