"""How much larger errors are on special days, on and around bank holidays, than they are on others.

Christmas is harder to forecast than other weeks. Without a factor of its own, intervals are too narrow on it and too
wide in the weeks that follow, when the volatility still remembers it.
"""

import numpy as np

from training.calibration.past_errors import PastErrors
from training.calibration.scale import error_scale
from training.calibration.volatility import volatility

PRIOR_DAYS = 10.0  # so many days' worth of ordinary errors go into the factor


def special_factor(past: PastErrors) -> float:
    """Mean size of special days' errors over that of other days', each over what was foreseen for it; at least 1.

    What was foreseen is learnt from other days alone. Where either kind has no error yet, the factor is 1.
    """
    special = past.is_special[:, :, None]
    ordinary = np.where(special, np.nan, past.scaled)
    usual = error_scale(ordinary)
    foreseen = volatility(np.abs(ordinary) / usual, past.age_days)[:-1, :, None]
    sizes = np.abs(past.scaled) / (usual * foreseen)
    known = ~np.isnan(sizes)
    on_special, on_others = sizes[known & special], sizes[known & ~special]
    if not len(on_special) or not on_others.sum():
        return 1.0
    days = len(on_special) / past.scaled.shape[2]
    larger = float(on_special.mean() / on_others.mean())
    factor: float = (larger * days + PRIOR_DAYS) / (days + PRIOR_DAYS)
    return max(1.0, factor)
