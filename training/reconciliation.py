"""How bottom series and their sums, each forecast by itself, are made to agree."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import series_key
from training.history.digests import digest_of, pooled
from training.history.fit_cache import FitCache
from training.history.known import SNAPSHOTS_KEPT, PointInTimeHistory
from training.history.parts import ancestors, bottom_series

log = logging.getLogger("headroom")
Values = NDArray[np.float64]
MISSING_SHARE = 0.01  # of a parent's sum: what its missing parts may make up before the parent counts as missing too
MOST_ERRORS = 2000  # of each series: more of them change nothing but the time it takes
BOTTOM_UP = "bottom_up"


def summing(system: System, bottom_ids: Sequence[str]) -> pd.DataFrame:
    """The 0/1 matrix (n_bottom, n_series) of what adds up to what: bottom series first, then their wholes by id."""
    parts = {unique_id: {unique_id} for unique_id in bottom_ids}
    for unique_id in bottom_ids:
        for whole in sorted(ancestors(system, series_key(unique_id)), key=str):
            parts.setdefault(whole.unique_id, set()).add(unique_id)
    columns = [*bottom_ids, *sorted(set(parts) - set(bottom_ids))]
    return pd.DataFrame({c: [float(b in parts[c]) for b in bottom_ids] for c in columns}, index=list(bottom_ids))


def aggregated(values: Values, sums: Values, sizes: Values, never_counted: NDArray[np.bool_] | None = None) -> Values:
    """Bottom values (..., n_bottom) as values of every series (..., n_series), by the matrix of `summing`.

    A sum is of the parts that have a value. It is NaN where none has, or where those that lack one make up more than
    `MISSING_SHARE` of it, judged by their usual `sizes` (n_bottom,). A part is not missing on a day on which it is
    `never_counted`, (..., n_bottom): it adds nothing then.
    """
    there = ~np.isnan(values)
    lacking = ~there if never_counted is None else ~there & ~never_counted
    missing = (lacking * sizes) @ sums
    usable = (missing <= MISSING_SHARE * (sizes @ sums)) & (there.astype(float) @ sums > 0)
    return np.where(usable, np.nan_to_num(values) @ sums, np.nan)


class SumsHistory(PointInTimeHistory):
    """What is known of every sum of bottom series at any cutoff; `base` is the history of those."""

    def __init__(self, base: PointInTimeHistory) -> None:  # its parts are the base's: nothing is read again
        self.system = base.system
        self.circumstances = base.circumstances
        self.fit_cache = FitCache()
        self._base = base
        self.latest = self._summed(base.latest[bottom_series(base.system, list(base.latest.columns))])
        self.as_of = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.as_of(cutoff)))
        self.imputed = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.imputed(cutoff)))
        self.undisturbed = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.undisturbed(cutoff)))
        self.steps = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._digests)

    def bed_steps(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> NDArray[np.float64]:
        """Beds added by declared changes of any part, (n_days, n_series)."""
        of_parts = self._base.bed_steps(days, list(self._parts.index))
        if not of_parts.any():
            return np.zeros((len(days), len(unique_ids)))
        return np.asarray(of_parts @ self._parts.reindex(columns=list(unique_ids), fill_value=0.0).to_numpy())

    def _digests(self, cutoff: pd.Timestamp, horizon_days: int) -> Mapping[str, bytes]:
        """Of each sum a digest of all that its parts, and their neighbours, are made from."""
        if cutoff < self.first_day:
            return {}
        everything = pooled(self._base.digests(cutoff, horizon_days))
        return {str(i): digest_of([str(i).encode(), everything]) for i in self.as_of(cutoff)}

    @cached_property
    def _parts(self) -> pd.DataFrame:
        """Of what parts each sum is made: the matrix of `summing`."""
        return summing(self.system, bottom_series(self.system, list(self._base.latest.columns)))

    def _summed(self, counts: pd.DataFrame) -> pd.DataFrame:
        """The sums that have more than one part; NaN where parts that matter are missing."""
        parts = summing(self.system, list(counts.columns))
        wholes = parts.columns[(parts.sum() > 1).to_numpy()]
        sizes = counts.tail(56).mean().fillna(0.0).to_numpy()
        values = aggregated(counts.to_numpy(dtype=float), parts[wholes].to_numpy(), sizes)
        return pd.DataFrame(values, counts.index, wholes).sort_index(axis=1)


Method = Callable[[Values, Values, Values], Values]
"""From which is the sum of which, actuals and forecasts to a map, as `fitted_map` gives it; sums first."""


def _top_down(summing: Values, actuals: Values, forecasts: Values) -> Values:
    """The forecast of the whole, shared out as the actuals were on average."""
    from hierarchicalforecast.methods import TopDown  # seconds to import, and only wanted where it is chosen

    return np.asarray(TopDown("average_proportions").fit(summing, forecasts[:, :1], actuals).P)


def _mint(summing: Values, actuals: Values, forecasts: Values) -> Values:
    """Least trace of the errors' covariance (Wickramasuriya and others 2019), shrunk (Schaefer and Strimmer 2005)."""
    from hierarchicalforecast.methods import MinTrace

    return np.asarray(MinTrace("mint_shrink").fit(summing, forecasts[:, :1], actuals, forecasts).P)


METHODS: Mapping[str, Method] = {"top_down": _top_down, "mint": _mint}
"""Beside `BOTTOM_UP`, which needs no forecasts of sums."""


def fitted_map(method: str, parts: Values, actuals: Values, forecasts: Values) -> Values | None:
    """The matrix (n_bottom, n_series) that makes bottom means of the forecasts of all series.

    None where the method finds none: of series that never err there is no covariance of errors, and of windows at
    which some series had no forecast nothing is learnt.

    `parts` (n_bottom, n_series) is the 0/1 matrix of what adds up to what, bottom series first, the sum of all of them
    among the others. `actuals` and `forecasts` (n, n_series); what is not known of one is taken to have been forecast.
    """
    n_bottom = len(parts)
    wholes = np.argsort(-parts[:, n_bottom:].sum(axis=0), kind="stable") + n_bottom  # the library wants the top first
    order = np.concatenate([wholes, np.arange(n_bottom)])
    known = ~np.isnan(forecasts).any(axis=1)
    if not known.any():
        return None
    told = forecasts[known][:: 1 + int(known.sum()) // MOST_ERRORS]
    came = actuals[known][:: 1 + int(known.sum()) // MOST_ERRORS]
    came = np.where(np.isnan(came), told, came)
    found = np.full(parts.shape, np.nan)
    try:
        found[:, order] = METHODS[method](parts[:, order].T, came[:, order].T, told[:, order].T)
    except Exception as error:  # noqa: BLE001  a library may fail in any way; bottom-up serves
        log.info("No reconciliation by %s: %s: %s", method, type(error).__name__, error)
    return found if np.isfinite(found).all() else None


def reconciled(forecasts: Values, by: Values) -> Values:
    """Bottom means (..., n_bottom), not negative, of forecasts of all series (..., n_series), bottom first.

    Where one of those is missing, the bottom means are left as they are.
    """
    bottom = forecasts[..., : len(by)]
    return np.where(np.isnan(forecasts).any(axis=-1, keepdims=True), bottom, np.maximum(forecasts @ by.T, 0.0))
