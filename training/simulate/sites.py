"""Simulated sites: the truth of each day, and possible histories that are drawn from it.

The truth is a site's beds, rates and events, before any count is drawn. Histories are integer counts, and conserve the
flow of patients exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from training.frames import BoolArray, FloatArray, IntArray
from training.simulate import effects as e
from training.simulate.calendar import Calendar, diverts, on_days_of
from training.simulate.effects import (
    ADMISSIONS_BY_HOUR,
    DISCHARGES_BY_HOUR,
    DISPERSION,
    ESCALATION_DISCHARGES,
    ESCALATION_RATE,
    ESCALATION_SHARE,
    REFIT_DAYS,
    REFIT_SHARE,
    WARD_SIZE,
    WINTER_WARD_CLOSES,
    WINTER_WARD_OPENS,
    WINTER_WARD_SHARE,
)
from training.simulate.places import Site
from training.system.model import Event, EventKind

REFITS_FROM = (5, 1)  # month and day: outside winter, when beds can be spared
REFITS_WITHIN_DAYS = 120
LONG = 1  # the class of long stayers; 0 are the short ones


@dataclass(frozen=True, slots=True)
class BedChange:
    """`beds` more (or fewer, when negative) at a bottom place from `first` to `last`, both included."""

    place: str
    first: date
    last: date
    beds: int
    why: str

    @property
    def event(self) -> Event:
        """As it is declared: the note begins with the signed number of beds."""
        note = f"{self.beds:+d} beds: {self.why}"
        return Event(self.first, self.last, self.place, "beds", EventKind.BED_CHANGE, note)


def share_out(rng: Generator, beds: int, n_places: int) -> IntArray:
    """The beds of a site among its bottom places: unequal, and at least one each."""
    weights = rng.uniform(*WARD_SIZE, n_places)
    bounds = np.rint(np.cumsum(weights) / weights.sum() * beds).astype(np.int64)
    shares: IntArray = np.maximum(np.diff(bounds, prepend=0), 1)
    return shares


def bed_changes(
    rng: Generator, calendar: Calendar, last_day: date, site: Site, base: IntArray
) -> tuple[BedChange, ...]:
    """A winter ward at the last bottom place each year, and at most once a refit at the first, outside winter."""
    first, last = calendar.days[0], calendar.days[-1]
    ward = max(1, round(WINTER_WARD_SHARE * int(base.sum())))
    winters = [
        BedChange(site.bottom[-1], date(y, *WINTER_WARD_OPENS), date(y + 1, *WINTER_WARD_CLOSES), ward, "winter ward")
        for y in range(first.year - 1, last.year + 1)
    ]
    closed = min(max(1, round(REFIT_SHARE * int(base.sum()))), int(base[0]) // 2)
    year = int(rng.integers(first.year, last_day.year + 1))
    starts = date(year, *REFITS_FROM) + timedelta(days=int(rng.integers(0, REFITS_WITHIN_DAYS)))
    refit = BedChange(site.bottom[0], starts, starts + timedelta(days=REFIT_DAYS - 1), -closed, "refit")
    touching = [change for change in (*winters, refit) if change.first <= last and change.last >= first and change.beds]
    return tuple(sorted(touching, key=lambda change: change.first))


def beds_on(calendar: Calendar, site: Site, base: IntArray, changes: tuple[BedChange, ...]) -> IntArray:
    """Open beds, shape (n_days, n_bottom): the base and every change in force."""
    beds = np.tile(base, (len(calendar.days), 1))
    for change in changes:
        beds[calendar.between(change.first, change.last), site.bottom.index(change.place)] += change.beds
    return beds


def escalation_beds(beds: IntArray) -> IntArray:
    """Return how many beds may be opened beyond the open ones."""
    more: IntArray = np.floor(ESCALATION_SHARE * beds).astype(np.int64)
    return more


STAYS = np.array([e.SHORT_STAY_DAYS, e.LONG_STAY_DAYS])  # the two classes of patients, in this order everywhere


@dataclass(frozen=True)
class SiteTruth:
    """The parameters of each day; the first dimension of every array but `start` is the day."""

    site: Site
    attendances: FloatArray  # (n_days,): expected, at log level 0
    conversion: FloatArray  # (n_days,): chance that an attendance is to be admitted
    long_share: FloatArray  # (n_days,): chance that one who is admitted stays long
    hazard: FloatArray  # (n_days, 2): chance that someone in a bed yesterday leaves today, by class, without escalation
    beds: IntArray  # (n_days, n_bottom)
    escalation_beds: IntArray  # (n_days, n_bottom)
    start: FloatArray  # (n_bottom, 2): expected in bed on the day before the first
    events: tuple[Event, ...]  # of this site


def site_truth(rng: Generator, site: Site, calendar: Calendar, last_day: date, shared: Iterable[Event]) -> SiteTruth:
    """Draw one site: its size, its beds, its events; `shared` are those of the system."""
    size, conversion = rng.uniform(*e.ATTENDANCES_PER_DAY), rng.uniform(*e.CONVERSION)
    stays = STAYS * rng.uniform(*e.STAY_FACTOR)
    steady = size * conversion * _steady_mix(calendar) * stays
    base = share_out(rng, round(rng.uniform(*e.BEDS_PER_STEADY_CENSUS) * steady.sum()), len(site.bottom))
    changes = bed_changes(rng, calendar, last_day, site, base)
    own = diverts(rng, site.code, calendar.days[0], calendar.days[-1])
    struck = on_days_of(shared, EventKind.STRIKE, calendar)
    diverted = on_days_of(own, EventKind.DIVERT, calendar)
    beds = beds_on(calendar, site, base, changes)
    first_winter = 1 + (e.WINTER_ATTENDANCES + e.WINTER_CONVERSION) * float(calendar.winter[0])
    return SiteTruth(
        site=site,
        attendances=size * attendance_shape(calendar, struck, diverted),
        conversion=conversion * conversion_shape(calendar, struck),
        long_share=long_shares(calendar),
        hazard=discharge_shape(calendar, struck)[:, None] / stays,
        beds=beds,
        escalation_beds=escalation_beds(beds),
        start=base[:, None] / base.sum() * steady * first_winter,
        events=(*own, *(change.event for change in changes)),
    )


def attendance_shape(calendar: Calendar, struck: BoolArray, diverted: BoolArray) -> FloatArray:
    """Attendances relative to the site's size."""
    shape = np.array(e.WEEKDAY_ATTENDANCES)[calendar.weekday] * (1 + e.WINTER_ATTENDANCES * calendar.winter)
    shape[calendar.bank_holiday] *= e.BANK_HOLIDAY_ATTENDANCES
    shape[calendar.after_bank_holiday] *= e.AFTER_BANK_HOLIDAY_ATTENDANCES
    shape[calendar.christmas_day] *= e.CHRISTMAS_DAY_ATTENDANCES / e.BANK_HOLIDAY_ATTENDANCES
    shape[calendar.in_term] *= e.SCHOOL_TERM_ATTENDANCES
    shape[struck] *= e.STRIKE_ATTENDANCES
    shape[diverted] *= e.DIVERT_ATTENDANCES
    return shape


def conversion_shape(calendar: Calendar, struck: BoolArray) -> FloatArray:
    """Conversion relative to the site's own."""
    shape = np.array(e.WEEKDAY_CONVERSION)[calendar.weekday] * (1 + e.WINTER_CONVERSION * calendar.winter)
    shape[struck] *= e.STRIKE_CONVERSION
    return shape


def discharge_shape(calendar: Calendar, struck: BoolArray) -> FloatArray:
    """The chance of leaving, relative to an average day of an ordinary week."""
    shape = np.array(e.WEEKDAY_DISCHARGES)[calendar.weekday]
    shape[calendar.bank_holiday] = e.BANK_HOLIDAY_DISCHARGES
    shape[struck] *= e.STRIKE_DISCHARGES
    return shape


def long_shares(calendar: Calendar) -> FloatArray:
    """The share of long stayers among the patients admitted, by day type."""
    share = np.where(calendar.weekend, e.WEEKEND_LONG_SHARE, e.WEEKDAY_LONG_SHARE)
    return np.where(calendar.bank_holiday, e.BANK_HOLIDAY_LONG_SHARE, share)


def _steady_mix(calendar: Calendar) -> FloatArray:
    """The classes' shares of admissions over these days."""
    long = float(long_shares(calendar).mean())
    return np.array([1 - long, long])


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
