"""Calendar and event effects on counts: a log-linear regression with ARIMA errors and shrinkage.

The errors are an IMA(1, 1) process, z(t) - z(t - 1) = e(t) - m e(t - 1), so that a drifting level is not taken for an
effect. Whitened logs and features turn it into a ridge regression (Box and Jenkins), with a normal prior on each
effect. Effects are pooled over the series of a measure; each series deviates from the common ones as its data say. See
docs/explanation/method.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from training.features.calendar import event_tables, fourier_terms, holiday_features, weekday_dummies
from training.frames import BoolArray, FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.level import NORMAL_MAD, ridge_coefficients

MA_COEFFICIENTS = (0.0, 0.3, 0.6, 0.8, 0.9)  # tried for the errors: 0 is a random walk, towards 1 a constant level
LOG_FLOOR = 0.5  # the count whose logarithm stands for that of none
PRIOR_SDS = {"weekday": 0.2, "season": 0.1}  # prior standard deviation of an effect, in logs; of the k-th wave: / k
PRIOR_SD = 0.1  # of holidays and events
DEVIATION_SHARES = {"holiday": 0.1}  # prior standard deviation of a series' deviation, relative to that of the effect
DEVIATION_SHARE = 0.2  # of the other kinds
MAX_SCALED_INNOVATION = 4.0
MIN_INNOVATION_SCALE = 1e-3


@dataclass(frozen=True)
class Design:
    """A design matrix: tables by feature, (n_days, 1) if all series share it, else (n_days, n_series)."""

    tables: Mapping[str, FloatArray]

    @property
    def names(self) -> list[str]:
        """Names of the features, in the order of their coefficients."""
        return list(self.tables)

    def rows(self, first: int, last: int) -> "Design":
        """Return the days from position `first` up to, not including, `last`."""
        return Design({name: table[first:last] for name, table in self.tables.items()})

    def without(self, harmonics: int) -> "Design":
        """Return the design without the Fourier terms above the first `harmonics`."""
        return Design({n: t for n, t in self.tables.items() if not n.startswith("season_") or _order(n) <= harmonics})

    def of(self, series: int) -> FloatArray:
        """Return the features of one series, by position: (n_days, n_features)."""
        return np.column_stack([table[:, series if table.shape[1] > 1 else 0] for table in self.tables.values()])

    def times(self, coefficients: FloatArray) -> FloatArray:
        """Return the product with coefficients (n_features,): (n_days, n_series), or (n_days, 1) if shared."""
        return sum((c * t for c, t in zip(coefficients, self.tables.values(), strict=True)), start=np.zeros((1, 1)))

    def only(self, *prefixes: str) -> "Design":
        """Return the features with a name that has one of the prefixes."""
        return Design({name: table for name, table in self.tables.items() if name.startswith(prefixes)})


def design(history: PointInTimeHistory, days: pd.DatetimeIndex, unique_ids: Sequence[str], harmonics: int) -> Design:
    """Return the design of calendar features and declared events, of some days and series."""
    known = history.context
    holidays = holiday_features(days, known.holidays, known.hidden_holidays)
    shared = pd.concat([weekday_dummies(days), fourier_terms(days, harmonics), holidays], axis=1)
    return Design(columns_of(shared) | event_tables(days, unique_ids, known, history.system))


def columns_of(features: pd.DataFrame) -> dict[str, FloatArray]:
    """Return the tables (n_days, 1) of a design from a wide frame of features that all series share."""
    values = features.to_numpy(dtype=float)  # once: selecting columns of a frame one by one is slow
    return {str(name): values[:, [column]] for column, name in enumerate(features.columns)}


@dataclass(frozen=True)
class Effects:
    """Effects in logs, (n_features,) each: of every fitted series, and the `common` ones of its measure."""

    names: Sequence[str]
    common: FloatArray
    by_series: Mapping[str, FloatArray]

    def on(self, days: Design, unique_ids: Sequence[str], prefixes: tuple[str, ...] = ("",)) -> FloatArray:
        """Return the sum of the effects with a name that has one of the prefixes: (n_days, n_series), in logs.

        A series that was not fitted has the common effects. An effect whose feature `days` lacks is 0: events may be
        withdrawn after a version was trained.
        """
        coefficients = np.column_stack([self.by_series.get(unique_id, self.common) for unique_id in unique_ids])
        rows = zip(self.names, coefficients, strict=True)
        named = {name: c for name, c in rows if name.startswith(prefixes) and name in days.tables}
        shared = [name for name in named if days.tables[name].shape[1] == 1]
        n_days = len(next(iter(days.tables.values())))
        total = np.zeros((n_days, len(unique_ids)))
        if shared:
            total += np.hstack([days.tables[name] for name in shared]) @ np.stack([named[name] for name in shared])
        for name in (name for name in named if name not in shared):
            total += days.tables[name] * named[name]
        return total


def logs(counts: FloatArray) -> FloatArray:
    """Return natural logarithms of counts of at least `LOG_FLOOR`. Any shape."""
    return np.log(np.maximum(counts, LOG_FLOOR))


def whitened(values: FloatArray, ma_coefficient: float) -> FloatArray:
    """Return the innovations of an IMA(1, 1) process along the first axis; the first is 0."""
    return np.asarray(lfilter([1.0, -1.0], [1.0, -ma_coefficient], values - values[:1], axis=0))


def fitted_effects(
    filled: pd.DataFrame, observed: BoolArray, features: Design, ma_coefficient: float
) -> tuple[Effects, FloatArray]:
    """Return the effects of the features, and the innovations that they leave (n_days, n_series), in logs.

    `filled` is wide, without gaps after a series' first value, and has the days of the features. Days that are not
    `observed` (n_days, n_series) have no weight.
    """
    table = logs(filled.bfill().to_numpy())
    innovations = np.where(observed, whitened(table, ma_coefficient), np.nan)
    white = Design({name: whitened(part, ma_coefficient) * _prior_sd(name) for name, part in features.tables.items()})
    none = np.zeros(len(features.names))
    rough = _common(innovations, white, _scales(innovations), none)
    innovations, scales = _clipped(innovations, white.times(rough))
    common = _common(innovations, white, scales, rough)
    deviations = _deviations(innovations, white, common, scales)
    priors = np.array([_prior_sd(name) for name in features.names])
    by_series = {str(i): (common + deviations[:, j]) * priors for j, i in enumerate(filled.columns)}
    effects = Effects(features.names, common * priors, by_series)
    return effects, innovations - whitened(effects.on(features, list(filled.columns)), ma_coefficient)


def _clipped(innovations: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the innovations without outliers around `expected`, and their scales around it (n_series,)."""
    scales = _scales(innovations - expected)
    reach = MAX_SCALED_INNOVATION * scales
    return expected + np.clip(innovations - expected, -reach, reach), scales


def _common(innovations: FloatArray, white: Design, scales: FloatArray, rough: FloatArray) -> FloatArray:
    """Return coefficients (n_features,) of the mean over the series, weighted by their precision.

    `rough` are first coefficients, from which the noise of the mean is estimated: it is the ridge penalty.
    """
    weights = np.where(np.isnan(innovations), 0.0, scales**-2.0)
    days = weights.sum(axis=1) > 0
    weights = weights[days] / weights[days].sum(axis=1, keepdims=True)
    target = (np.nan_to_num(innovations[days]) * weights).sum(axis=1)
    features = np.column_stack(
        [part[days, 0] if part.shape[1] == 1 else (part[days] * weights).sum(axis=1) for part in white.tables.values()]
    )
    noise = _scales((target - features @ rough)[:, None])[0]
    return ridge_coefficients(features, target, noise**2)


def _deviations(innovations: FloatArray, white: Design, common: FloatArray, scales: FloatArray) -> FloatArray:
    """Return the deviations (n_features, n_series) of each series from the common coefficients.

    Series that miss the same days, and have the same features, are one regression with many targets.
    """
    deviations = np.zeros((len(common), innovations.shape[1]))
    shares = np.array([DEVIATION_SHARES.get(_kind(name), DEVIATION_SHARE) for name in white.names])
    missing = np.isnan(innovations)
    for members in _alike(missing, white):
        days = ~missing[:, members[0]]
        if not days.any():
            continue
        features = white.of(members[0])[days]
        left = innovations[days][:, members] - (features @ common)[:, None]
        for series, target in zip(members, left.T, strict=True):
            deviations[:, series] = shares * ridge_coefficients(features * shares, target, scales[series] ** 2)
    return deviations


def _alike(missing: BoolArray, design: Design) -> list[list[int]]:
    """Return the positions of series in groups with the same missing days (n_days, n_series) and the same features."""
    tables = [table for table in design.tables.values() if table.shape[1] > 1]
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for series in range(missing.shape[1]):
        same = tuple(part[:, series].tobytes() for part in (missing, *tables))
        groups.setdefault(same, []).append(series)
    return list(groups.values())


def _scales(innovations: FloatArray) -> FloatArray:
    """Return the robust scale of each series (n_series,): the normalised median of absolute innovations."""
    sizes = np.abs(np.where(np.isnan(innovations).all(axis=0), 0.0, innovations))
    median = np.nanmedian if np.isnan(sizes).any() else np.median  # the former is slow, without a gap too
    return np.maximum(NORMAL_MAD * median(sizes, axis=0), MIN_INNOVATION_SCALE)


def _prior_sd(name: str) -> float:
    if name.startswith("season_"):
        return PRIOR_SDS["season"] / _order(name)
    return PRIOR_SDS.get(_kind(name), PRIOR_SD)


def _kind(name: str) -> str:
    return name.partition("_")[0]


def _order(name: str) -> int:
    return int(name.rpartition("_")[2])
