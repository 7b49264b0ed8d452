"""How bottom series and their sums, each forecast by itself, are made to agree."""

import logging
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger("headroom")
Values = NDArray[np.float64]
MOST_ERRORS = 2000  # of each series: more of them change nothing but the time it takes
BOTTOM_UP = "bottom_up"

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
