"""The patients in bed at the end of each day, from the census and the flows after it.

A census within the day says this only up to chance: that of a patient to come or leave before it. The flows of
many days say it better, as far as they are counted completely. So the end of a day is the one before it plus the day's
flows, corrected by a share of what the census says otherwise: exponential smoothing of the unexplained part.
"""

from dataclasses import replace

import numpy as np

from training.frames import BoolArray, FloatArray
from training.history.census_shares import CensusShares, day_end_occupancy
from training.history.patient_flow import FlowCounts

GAINS = (1.0, 0.5, 0.2, 0.1)  # of which each place has the one that predicts its next census best


def day_end_counts(counts: FlowCounts, observed: BoolArray, shares: CensusShares, gains: FloatArray) -> FlowCounts:
    """Return the counts with the occupancy of the end of each day, smoothed with `gains` (n_places,), 0 to 1.

    Smoothing starts anew after a day that is not `observed` (n_days, n_places).
    """
    implied = replace(counts, occupancy=day_end_occupancy(counts, shares))
    predicted = _predicted(implied, observed, gains[None])[0]
    smoothed = predicted + _gain_by_day(observed, gains) * (implied.occupancy - predicted)
    return replace(counts, occupancy=np.maximum(smoothed, 0.0))


def fitted_gains(counts: FlowCounts, observed: BoolArray, shares: CensusShares) -> FloatArray:
    """Return the gain (n_places,) among `GAINS` with the least mean absolute error of the next day's end."""
    implied = replace(counts, occupancy=day_end_occupancy(counts, shares))
    every = np.broadcast_to(np.array(GAINS)[:, None], (len(GAINS), implied.occupancy.shape[1]))
    errors = np.where(observed, np.abs(implied.occupancy - _predicted(implied, observed, every)), 0.0)
    return np.asarray(np.array(GAINS)[errors[:, 1:].sum(axis=1).argmin(axis=0)])


def _predicted(implied: FlowCounts, observed: BoolArray, gains: FloatArray) -> FloatArray:
    """Return the end of each day (n_gains, n_days, n_places) as the days before it and its own flows give it.

    `gains` (n_gains, n_places). What is unexplained on average is expected every day.
    """
    flows = implied.admissions - implied.discharges + _drift(implied, observed)
    predicted = np.empty((len(gains), *implied.occupancy.shape))
    predicted[:, 0] = implied.occupancy[0]
    by_day = np.stack([_gain_by_day(observed, some) for some in gains], axis=0)
    for day in range(1, predicted.shape[1]):
        before = predicted[:, day - 1]
        corrected = before + by_day[:, day - 1] * (implied.occupancy[day - 1] - before)
        predicted[:, day] = corrected + flows[day]
    return predicted


def _drift(implied: FlowCounts, observed: BoolArray) -> FloatArray:
    """Return the mean unexplained part of a day (n_places,), over pairs of observed days."""
    both = observed[1:] & observed[:-1]
    left = np.diff(implied.occupancy, axis=0) - (implied.admissions - implied.discharges)[1:]
    return np.asarray(np.where(both, left, 0.0).sum(axis=0) / np.maximum(both.sum(axis=0), 1))


def _gain_by_day(observed: BoolArray, gains: FloatArray) -> FloatArray:
    """Return the gain of each day (n_days, n_places): 1 / n on the n-th observed day in a row, at least `gains`."""
    days = np.arange(1, len(observed) + 1)[:, None]
    run = days - np.maximum.accumulate(np.where(observed, 0, days), axis=0)
    return np.asarray(np.maximum(1 / np.maximum(run, 1), gains))
