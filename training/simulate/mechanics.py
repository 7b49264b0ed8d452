"""Possible histories of a site: integer counts drawn from its truth, conserving the flow of patients exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.frames import FloatArray, IntArray
from training.simulate.effects import (
    ADMISSIONS_BY_HOUR,
    DISCHARGES_BY_HOUR,
    DISPERSION,
    ESCALATION_DISCHARGES,
    ESCALATION_RATE,
)
from training.simulate.truth import SiteTruth

LONG = 1  # the class of long stayers; 0 are the short ones


@dataclass(frozen=True, slots=True)
class WorldState:
    """All that tomorrow needs to know of a site at the end of a day, its level apart."""

    in_bed: IntArray  # (n_draws, n_bottom, 2)
    waiting: IntArray  # (n_draws,): to be admitted, still in the emergency department


@dataclass(frozen=True)
class SiteHistory:
    """Counts of each day: occupancy(d) = occupancy(d-1) + admissions(d) - discharges(d), in every class.

    IntArray of the site have the shape (n_days, n_draws), those of its bottom places and classes (n_days, n_draws,
    n_bottom, 2). Whoever was transferred out for want of a bed is among `leaving` too.
    """

    attendances: IntArray
    waiting: IntArray
    turned_away: IntArray
    entering: IntArray
    leaving: IntArray
    transferred: IntArray
    in_bed: IntArray

    def state_after(self, day: int, n_draws: int) -> WorldState:
        """Return the state of the first draw at the end of a day, `n_draws` times."""
        in_bed = np.repeat(self.in_bed[day, :1], n_draws, axis=0)
        return WorldState(in_bed, np.repeat(self.waiting[day, :1], n_draws))


def occupancy_at(hour: int, history: SiteHistory, rng: Generator) -> IntArray:
    """Return the patients in bed (n_days, n_draws, n_bottom) at the local hour of each day.

    They are those of the end of the day before, with the admissions of the day before the hour and without its
    discharges before the hour. Each admission, and each discharge, falls before the hour by the shares of the hours.
    """
    entering, leaving = history.entering.sum(axis=3), history.leaving.sum(axis=3)
    at_day_start = history.in_bed.sum(axis=3) - entering + leaving
    admitted, discharged = (sum(by_hour[:hour]) / sum(by_hour) for by_hour in (ADMISSIONS_BY_HOUR, DISCHARGES_BY_HOUR))
    present: IntArray = at_day_start + rng.binomial(entering, admitted) - rng.binomial(leaving, discharged)
    return present


def initial_state(truth: SiteTruth, rng: Generator) -> WorldState:
    """One state before the first day."""
    return WorldState(rng.poisson(truth.start)[None], np.zeros(1, dtype=np.int64))


def simulate_days(truth: SiteTruth, state: WorldState, first: int, level: FloatArray, rng: Generator) -> SiteHistory:
    """Draw the days from index `first` on; `level` is the log level, of shape (n_days, n_draws)."""
    days = slice(first, first + len(level))
    expected = truth.attendances[days, None] * np.exp(level)
    attendances = rng.negative_binomial(DISPERSION, DISPERSION / (DISPERSION + expected))
    wanted = rng.binomial(attendances, truth.conversion[days, None])
    history = _empty(attendances, state)
    for i, to_admit in enumerate(wanted):
        state = _census_day(truth, state, first + i, to_admit, rng, history, i)
    return history


def _empty(attendances: IntArray, state: WorldState) -> SiteHistory:
    by_class = (len(attendances), *state.in_bed.shape)
    of_site, of_class = np.zeros_like(attendances), np.zeros(by_class, dtype=np.int64)
    return SiteHistory(attendances, of_site, of_site.copy(), *(of_class.copy() for _ in range(4)))


def _census_day(
    truth: SiteTruth, state: WorldState, day: int, to_admit: IntArray, rng: Generator, history: SiteHistory, row: int
) -> WorldState:
    """One day of beds, written into `history`: some leave; those who wait or have arrived find a bed or not."""
    beds, surge = truth.beds[day], truth.escalation_beds[day]
    escalated = state.in_bed.sum(axis=(1, 2)) >= ESCALATION_RATE * beds.sum()
    hazard = truth.hazard[day] * np.where(escalated, ESCALATION_DISCHARGES, 1.0)[:, None, None]
    leaving = rng.binomial(state.in_bed, hazard)
    transferred = _too_many(state.in_bed - leaving, beds + surge, rng)
    staying = state.in_bed - leaving - transferred
    room = np.maximum(beds + surge * escalated[:, None] - staying.sum(axis=2), 0)
    line = state.waiting + to_admit
    admitted = np.minimum(line, room.sum(axis=1))
    entering = _by_class(_among(admitted, room, rng), truth.long_share[day], rng)
    waiting = np.minimum(line - admitted, to_admit)  # the line is served in order: who waited before is gone by now
    history.waiting[row], history.turned_away[row] = waiting, line - admitted - waiting
    history.entering[row], history.leaving[row] = entering, leaving + transferred
    history.transferred[row], history.in_bed[row] = transferred, staying + entering
    return WorldState(staying + entering, waiting)


def _too_many(staying: IntArray, limit: IntArray, rng: Generator) -> IntArray:
    """Return the patients, by class, who are transferred out because their beds were closed; most often none."""
    transferred = np.zeros_like(staying)
    excess = staying.sum(axis=2) - limit
    if excess.max() > 0:
        excess = np.maximum(excess, 0)
        transferred[..., LONG] = rng.hypergeometric(staying[..., LONG], staying[..., 1 - LONG], excess)
        transferred[..., 1 - LONG] = excess - transferred[..., LONG]
    return transferred


def _among(admitted: IntArray, room: IntArray, rng: Generator) -> IntArray:
    """The admitted, shape (n_draws,), among the bottom places: every free bed is equally likely."""
    if room.shape[1] == 1:
        return admitted[:, None]
    if len(room) == 1:
        return rng.multivariate_hypergeometric(room[0], int(admitted[0]))[None]
    shares = np.empty_like(room)
    left = room.sum(axis=1)
    for i in range(room.shape[1] - 1):
        left = left - room[:, i]
        shares[:, i] = rng.hypergeometric(room[:, i], left, admitted)
        admitted = admitted - shares[:, i]
    shares[:, -1] = admitted
    return shares


def _by_class(entering: IntArray, long_share: float, rng: Generator) -> IntArray:
    classes = np.empty((*entering.shape, 2), dtype=np.int64)
    classes[..., LONG] = rng.binomial(entering, long_share)
    classes[..., 1 - LONG] = entering - classes[..., LONG]
    return classes
