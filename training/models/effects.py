"""Effects of the calendar on counts: log-linear, learnt over all series of a measure, shrunk where data are few.

Logs are whitened as an IMA(1, 1) process, e(t) = z(t) - z(t - 1) + m e(t - 1), so that a wandering level is not taken
for an effect; a ridge regression of the whitened logs on the whitened features is then a regression with ARIMA errors
(Box and Jenkins), with a normal prior on each effect. See docs/explanation/method.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter
from sklearn.linear_model import Ridge

from training.features.calendar import holiday_features, season, weekdays
from training.features.events import disturbance_tables
from training.history.known import PointInTimeHistory

Values = NDArray[np.float64]
SMALLEST_COUNT = 0.5  # whose logarithm stands for that of none
USUAL_EFFECTS = {"weekday": 0.2, "season": 0.1}  # prior spread of an effect, in logs; of a season's wave k: / k
USUAL_EFFECT = 0.1  # of holidays and events
OWN_SHARES = {"holiday": 0.1}  # prior spread of what is a series' own, as a share of that of what all have in common
OWN_SHARE = 0.2  # where the kind of effect is not named
CLIPPED_SPREADS = 4.0  # beyond which a day's innovation adds no more
SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True)
class Design:
    """What may act on each day and series: tables by feature, (n_days, 1) of the calendar or (n_days, n_series)."""

    tables: Mapping[str, Values]

    @property
    def names(self) -> list[str]:
        return list(self.tables)

    def rows(self, first: int, last: int) -> "Design":
        """The days from position `first` up to, not including, `last`."""
        return Design({name: table[first:last] for name, table in self.tables.items()})

    def without(self, harmonics: int) -> "Design":
        """The design with no more than so many waves of the year."""
        return Design({n: t for n, t in self.tables.items() if not n.startswith("season_") or _wave(n) <= harmonics})

    def of(self, series: int) -> Values:
        """The features of one series, (n_days, n_features)."""
        return np.column_stack([table[:, series if table.shape[1] > 1 else 0] for table in self.tables.values()])

    def acting(self, coefficients: Values) -> Values:
        """What coefficients (n_features,) make of every series: (n_days, n_series), or (n_days, 1) if shared."""
        return sum((c * t for c, t in zip(coefficients, self.tables.values(), strict=True)), start=np.zeros((1, 1)))

    def only(self, *prefixes: str) -> "Design":
        """The features whose name has one of the prefixes."""
        return Design({name: table for name, table in self.tables.items() if name.startswith(prefixes)})


def design(history: PointInTimeHistory, days: pd.DatetimeIndex, unique_ids: Sequence[str], harmonics: int) -> Design:
    """The calendar, and what the system declares of strikes, closures, diverts and school terms."""
    known = history.context
    calendar = pd.concat([weekdays(days), season(days, harmonics), holiday_features(days, known.holidays)], axis=1)
    shared = {str(name): calendar[[name]].to_numpy() for name in calendar}
    return Design(shared | disturbance_tables(days, unique_ids, known, history.system))


@dataclass(frozen=True)
class Effects:
    """Effects in logs: of every series that was learnt from, and what the series of the measure have in common."""

    names: Sequence[str]
    common: Values
    by_series: Mapping[str, Values]

    def on(self, days: Design, unique_ids: Sequence[str], prefixes: tuple[str, ...] = ("",)) -> Values:
        """The sum of the effects whose name has one of the prefixes, (n_days, n_series), in logs.

        An effect of what is no longer told of (events may be taken back after a version was trained) is none.
        """
        coefficients = np.column_stack([self.by_series.get(unique_id, self.common) for unique_id in unique_ids])
        told = zip(self.names, coefficients, strict=True)
        named = {name: c for name, c in told if name.startswith(prefixes) and name in days.tables}
        shared = [name for name in named if days.tables[name].shape[1] == 1]
        n_days = len(next(iter(days.tables.values())))
        total = np.zeros((n_days, len(unique_ids)))
        if shared:
            total += np.hstack([days.tables[name] for name in shared]) @ np.stack([named[name] for name in shared])
        for name in (name for name in named if name not in shared):
            total += days.tables[name] * named[name]
        return total


def logs(counts: Values) -> Values:
    return np.log(np.maximum(counts, SMALLEST_COUNT))


def whitened(values: Values, memory: float) -> Values:
    """The surprises of an IMA(1, 1) process along the first axis; the first is 0."""
    return np.asarray(lfilter([1.0, -1.0], [1.0, -memory], values - values[:1], axis=0))


def fitted_effects(
    filled: pd.DataFrame, observed: NDArray[np.bool_], features: Design, memory: float
) -> tuple[Effects, Values]:
    """Effects of the features (of the same days), and what is left of each day: surprises (n_days, n_series), in logs.

    `filled` is wide, without gaps after a series' first value; days that are not `observed` (n_days, n_series) teach
    nothing.
    """
    table = logs(filled.bfill().to_numpy())
    surprises = np.where(observed, whitened(table, memory), np.nan)
    white = Design({name: whitened(part, memory) * _prior(name) for name, part in features.tables.items()})
    none = np.zeros(len(features.names))
    rough = _common(surprises, white, _spreads(surprises), none)
    surprises, spreads = _clipped(surprises, white.acting(rough))
    common = _common(surprises, white, spreads, rough)
    own = _own(surprises, white, common, spreads)
    priors = np.array([_prior(name) for name in features.names])
    by_series = {str(i): (common + own[:, j]) * priors for j, i in enumerate(filled.columns)}
    effects = Effects(features.names, common * priors, by_series)
    return effects, surprises - whitened(effects.on(features, list(filled.columns)), memory)


def _clipped(surprises: Values, expected: Values) -> tuple[Values, Values]:
    """Surprises that stay near what is expected of them, and how far they scatter around it (n_series,)."""
    spreads = _spreads(surprises - expected)
    reach = CLIPPED_SPREADS * spreads
    return expected + np.clip(surprises - expected, -reach, reach), spreads


def _common(surprises: Values, white: Design, spreads: Values, before: Values) -> Values:
    """Coefficients (n_features,) of the mean over the series, each weighed by how little it scatters.

    `before` are rougher ones, which tell how much of the mean is noise.
    """
    weights = np.where(np.isnan(surprises), 0.0, spreads**-2.0)
    days = weights.sum(axis=1) > 0
    weights = weights[days] / weights[days].sum(axis=1, keepdims=True)
    target = (np.nan_to_num(surprises[days]) * weights).sum(axis=1)
    features = np.column_stack(
        [part[days, 0] if part.shape[1] == 1 else (part[days] * weights).sum(axis=1) for part in white.tables.values()]
    )
    noise = _spreads((target - features @ before)[:, None])[0]
    return np.asarray(Ridge(alpha=noise**2, fit_intercept=False).fit(features, target).coef_)


def _own(surprises: Values, white: Design, common: Values, spreads: Values) -> Values:
    """Coefficients (n_features, n_series) of what the common ones leave over.

    Series that miss the same days, and have the same features, are one regression with many targets.
    """
    own = np.zeros((len(common), surprises.shape[1]))
    shares = np.array([OWN_SHARES.get(_kind(name), OWN_SHARE) for name in white.names])
    missing = np.isnan(surprises)
    for members in _alike(missing, white):
        days = ~missing[:, members[0]]
        if not days.any():
            continue
        features = white.of(members[0])[days]
        left = surprises[days][:, members] - (features @ common)[:, None]
        ridge = Ridge(alpha=spreads[members] ** 2, fit_intercept=False).fit(features * shares, left)
        own[:, members] = shares[:, None] * np.reshape(ridge.coef_, (len(members), -1)).T
    return own


def _alike(missing: NDArray[np.bool_], design: Design) -> list[list[int]]:
    """The series, by position, in groups that miss the same days (n_days, n_series) and have the same features."""
    tables = [table for table in design.tables.values() if table.shape[1] > 1]
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for series in range(missing.shape[1]):
        same = tuple(part[:, series].tobytes() for part in (missing, *tables))
        groups.setdefault(same, []).append(series)
    return list(groups.values())


def _spreads(surprises: Values) -> Values:
    """A spread for each series that outliers do not move: the scaled median of the absolute surprises."""
    present = np.where(np.isnan(surprises).all(axis=0), 0.0, surprises)
    return np.maximum(1.4826 * np.nanmedian(np.abs(present), axis=0), SMALLEST_SPREAD)


def _prior(name: str) -> float:
    if name.startswith("season_"):
        return USUAL_EFFECTS["season"] / _wave(name)
    return USUAL_EFFECTS.get(_kind(name), USUAL_EFFECT)


def _kind(name: str) -> str:
    return name.partition("_")[0]


def _wave(name: str) -> int:
    return int(name.rpartition("_")[2])
