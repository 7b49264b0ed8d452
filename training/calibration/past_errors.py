"""The errors that quantiles are learnt from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class PastErrors:
    """Scaled errors of windows before a cutoff, forecast minus actual: (n_windows, horizon, n_series), NaN if unknown.

    `age_days` (n_windows, horizon) tells how long ago each became known; none is known before its target day is over.
    `is_special` (n_windows, horizon) and `special_ahead` (horizon,) mark target days on or around a bank holiday.
    """

    scaled: Values
    age_days: Values
    is_special: Marks
    special_ahead: Marks

    def of(self, members: NDArray[np.intp]) -> "PastErrors":
        """Those of some series, by position."""
        return replace(self, scaled=self.scaled[:, :, members])

    def without_first(self, n_windows: int) -> "PastErrors":
        """Those of all but the oldest windows."""
        rest = slice(n_windows, None)
        return replace(self, scaled=self.scaled[rest], age_days=self.age_days[rest], is_special=self.is_special[rest])

    def align_by_lead(self, errors: Values) -> Values:
        """The `errors` (n_windows, horizon, n_series) without those of special days, at leads that are none ahead.

        Around bank holidays all places err alike; on other days that would tell of more in common than there is.
        """
        return np.where((self.is_special & ~self.special_ahead)[:, :, None], np.nan, errors)
