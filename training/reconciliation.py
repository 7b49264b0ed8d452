"""The hierarchy of series: sums of bottom series, and forecasts of both reconciled.

Bottom-up: every parent is the sum of the bottom series that are part of it. The other methods change the bottom means
by forecasts of the sums, before they are added up.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.frames import BoolArray, FloatArray
from training.history.digests import digest_of, pooled
from training.history.hierarchy import bottom_series
from training.history.point_in_time import SNAPSHOTS_HELD, PointInTimeHistory

log = logging.getLogger("headroom")
MAX_MISSING_SHARE = 0.01  # of a sum: above that, a sum with missing parts is missing too
RECENT_SIZE_DAYS = 56  # whose mean is the size of a part
MAX_RECONCILIATION_ERRORS = 2000  # of each series: more of them change nothing but the time it takes
BOTTOM_UP = "bottom_up"


def summing(system: System, bottom_ids: Sequence[str]) -> pd.DataFrame:
    """Return the summing matrix (n_bottom, n_series) of 0 and 1: bottom series first, then their parents by id."""
    parts = {unique_id: {unique_id} for unique_id in bottom_ids}
    for unique_id in bottom_ids:
        for parent in sorted(system.totals_of(series_key(unique_id)), key=str):
            parts.setdefault(parent.unique_id, set()).add(unique_id)
    columns = [*bottom_ids, *sorted(set(parts) - set(bottom_ids))]
    return pd.DataFrame({c: [float(b in parts[c]) for b in bottom_ids] for c in columns}, index=list(bottom_ids))


def aggregated(
    values: FloatArray, sums: FloatArray, sizes: FloatArray, never_counted: BoolArray | None = None
) -> FloatArray:
    """Return the values of every series (..., n_series) from bottom values (..., n_bottom), by the matrix of `summing`.

    A sum is of the parts that have a value. It is NaN where none has, or where the missing ones make up more than
    `MAX_MISSING_SHARE` of it, by their typical `sizes` (n_bottom,). A part is not missing on a day on which it is
    `never_counted`, (..., n_bottom): it adds nothing then.
    """
    there = ~np.isnan(values)
    lacking = ~there if never_counted is None else ~there & ~never_counted
    missing = (lacking * sizes) @ sums
    usable = (missing <= MAX_MISSING_SHARE * (sizes @ sums)) & (there.astype(float) @ sums > 0)
    return np.where(usable, np.nan_to_num(values) @ sums, np.nan)


class SumsHistory(PointInTimeHistory):
    """The point-in-time history of every sum of bottom series, so that candidates forecast a trust as they do a site.

    `base` is the history of the bottom series.
    """

    def __init__(self, base: PointInTimeHistory) -> None:  # its parts are the base's: nothing is read again
        self.system = base.system
        self.context = base.context
        self._base = base
        self.latest = self._summed(base.latest[bottom_series(base.system, list(base.latest.columns))])
        self.as_of = lru_cache(maxsize=SNAPSHOTS_HELD)(lambda cutoff: self._summed(base.as_of(cutoff)))
        self.imputed = lru_cache(maxsize=SNAPSHOTS_HELD)(lambda cutoff: self._summed(base.imputed(cutoff)))
        self.undisturbed = lru_cache(maxsize=SNAPSHOTS_HELD)(lambda cutoff: self._summed(base.undisturbed(cutoff)))
        self.steps = lru_cache(maxsize=SNAPSHOTS_HELD)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_HELD)(self._digests)

    def bed_steps(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> FloatArray:
        """Return the beds (n_days, n_series) that declared changes of any part add."""
        of_parts = self._base.bed_steps(days, list(self._parts.index))
        if not of_parts.any():
            return np.zeros((len(days), len(unique_ids)))
        return np.asarray(of_parts @ self._parts.reindex(columns=list(unique_ids), fill_value=0.0).to_numpy())

    def _digests(self, cutoff: pd.Timestamp, horizon_days: int) -> Mapping[str, bytes]:
        """Return for each sum a digest of everything that its parts, and their neighbours, are made from."""
        if cutoff < self.first_day:
            return {}
        everything = pooled(self._base.digests(cutoff, horizon_days))
        return {str(i): digest_of([str(i).encode(), everything]) for i in self.as_of(cutoff)}

    @cached_property
    def _parts(self) -> pd.DataFrame:
        """The matrix of `summing` of all bottom series of the history."""
        return summing(self.system, bottom_series(self.system, list(self._base.latest.columns)))

    def _summed(self, counts: pd.DataFrame) -> pd.DataFrame:
        """Return the sums of more than one part; NaN where parts that matter are missing."""
        parts = summing(self.system, list(counts.columns))
        parents = parts.columns[(parts.sum() > 1).to_numpy()]
        sizes = counts.tail(RECENT_SIZE_DAYS).mean().fillna(0.0).to_numpy()
        values = aggregated(counts.to_numpy(dtype=float), parts[parents].to_numpy(), sizes)
        return pd.DataFrame(values, counts.index, parents).sort_index(axis=1)


Method = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Summing matrix (n_series, n_bottom), actuals and forecasts (n, n_series), parents first, to a map of `fitted_map`."""


def _top_down(summing: FloatArray, actuals: FloatArray, forecasts: FloatArray) -> FloatArray:
    """Return the map that divides the forecast of the total by the mean proportions of the actuals."""
    from hierarchicalforecast.methods import TopDown  # seconds to import, and only wanted where it is chosen

    return np.asarray(TopDown("average_proportions").fit(summing, forecasts[:, :1], actuals).P)


def _mint(summing: FloatArray, actuals: FloatArray, forecasts: FloatArray) -> FloatArray:
    """Least trace of the errors' covariance (Wickramasuriya and others 2019), shrunk (Schaefer and Strimmer 2005)."""
    from hierarchicalforecast.methods import MinTrace

    return np.asarray(MinTrace("mint_shrink").fit(summing, forecasts[:, :1], actuals, forecasts).P)


RECONCILIATIONS: Mapping[str, Method] = {"top_down": _top_down, "mint": _mint}
"""Methods by name, other than `BOTTOM_UP`, which needs no forecasts of sums."""


def fitted_map(method: str, parts: FloatArray, actuals: FloatArray, forecasts: FloatArray) -> FloatArray | None:
    """Return the matrix (n_bottom, n_series) that makes bottom means of the forecasts of all series, or None.

    None where the library finds none (the errors of series that never err have no covariance), and without a window
    in which every series has a forecast.

    `parts` (n_bottom, n_series) is the matrix of `summing`, bottom series first, the sum of all of them among the
    others. `actuals` and `forecasts` (n, n_series); a missing actual counts as equal to its forecast.
    """
    n_bottom = len(parts)
    parents = np.argsort(-parts[:, n_bottom:].sum(axis=0), kind="stable") + n_bottom  # the library wants the top first
    order = np.concatenate([parents, np.arange(n_bottom)])
    known = ~np.isnan(forecasts).any(axis=1)
    if not known.any():
        return None
    sample = slice(None, None, 1 + int(known.sum()) // MAX_RECONCILIATION_ERRORS)
    sampled, observed = forecasts[known][sample], actuals[known][sample]
    observed = np.where(np.isnan(observed), sampled, observed)
    found = np.full(parts.shape, np.nan)
    try:
        found[:, order] = RECONCILIATIONS[method](parts[:, order].T, observed[:, order].T, sampled[:, order].T)
    except Exception as error:  # noqa: BLE001  a library may fail in any way; bottom-up serves
        log.info("No reconciliation by %s: %s: %s", method, type(error).__name__, error)
    return found if np.isfinite(found).all() else None


def reconciled(forecasts: FloatArray, by: FloatArray) -> FloatArray:
    """Return bottom means (..., n_bottom), not negative, from forecasts (..., n_series) of all series, bottom first.

    `by` (n_bottom, n_series) is a map of `fitted_map`. Where a forecast is missing, the bottom means stay as they are.
    """
    bottom = forecasts[..., : len(by)]
    return np.where(np.isnan(forecasts).any(axis=-1, keepdims=True), bottom, np.maximum(forecasts @ by.T, 0.0))
