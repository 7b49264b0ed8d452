"""A region of 2,000 places with five measures each: 10,000 series, with drivers and headroom, whose parents add up."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.flow import HORIZON, LEVEL, system_of
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Headroom,
    Peak,
    Publication,
    SeriesForecast,
    System,
)
from publication.pressure import PEAK_DAYS, headroom_levels
from publication.vocabulary import DRIVERS, SeriesKey

N_SITES = 1599
DECIMALS = 4
RELATIVE_SCALE = 0.05
RECENT_DAYS = 56

Array = NDArray[np.float64]


def publication(cutoff: date, n_sites: int = N_SITES, seed: int = 1) -> Publication:
    """Made-up numbers in the shape of real ones, of as many digits."""
    system, rng = system_of(n_sites), np.random.default_rng(seed)
    means = _means(system, rng)
    made = [_series(system, SeriesKey(place, name), means[place][i], cutoff, rng) for place, i, name in _keys(system)]
    return Publication(
        system=system,
        cutoff=cutoff,
        issued_at=datetime.now(UTC),
        champion=Champion(system.name, 1, "4f1c9a"),
        data_digest=f"sha256:{seed:064d}",
        series=tuple(made),
        headroom=tuple(_headroom(system, place.id, means[place.id]) for place in system.places),
    )


def _keys(system: System) -> list[tuple[str, int, str]]:
    return [(place.id, i, name) for place, (i, name) in product(system.places, enumerate(LEVEL))]


def _means(system: System, rng: np.random.Generator) -> dict[str, Array]:
    """For each place, an array of (measures, days)."""
    level = np.array(list(LEVEL.values()))[:, None]
    means: dict[str, Array] = {}
    for place in reversed(system.places):
        children = system.children(place.id)
        noise = rng.normal(1, 0.1, (len(LEVEL), HORIZON))
        made = sum((means[child] for child in children), np.zeros_like(noise)) if children else level * noise
        means[place.id] = np.round(made, DECIMALS)
    return means


def _series(system: System, key: SeriesKey, mean: Array, cutoff: date, rng: np.random.Generator) -> SeriesForecast:
    z = norm.ppf(system.quantiles)
    lead = np.arange(1, HORIZON + 1)
    rows = np.round(mean[:, None] * (1 + RELATIVE_SCALE * np.sqrt(lead / HORIZON)[:, None] * z), DECIMALS).tolist()
    others = np.round(rng.normal(0, 1, (HORIZON, len(DRIVERS) - 1)), DECIMALS)
    drivers = np.column_stack([mean - others.sum(axis=1), others]).tolist()
    recent = np.round(rng.normal(mean[0], 5, RECENT_DAYS)).tolist()
    return SeriesForecast(
        key=key,
        unit="patients",
        model="combination",
        fallback=False,
        recent=tuple(Actual(cutoff - timedelta(days=RECENT_DAYS - 1 - i), y) for i, y in enumerate(recent)),
        days=tuple(
            DayForecast(cutoff + timedelta(days=i + 1), i + 1, mean[i].item(), tuple(row)) for i, row in enumerate(rows)
        ),
        drivers=tuple(map(tuple, drivers)),
    )


def _headroom(system: System, place: str, means: Array) -> Headroom:
    occupied, beds, arriving, leaving = (
        means[list(LEVEL).index(measure)] for measure in ("occupancy", "beds", "admissions", "discharges")
    )

    def rows(centre: Array, levels: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
        scale = RELATIVE_SCALE * occupied[:, None]
        return tuple(map(tuple, np.round(centre[:, None] + scale * norm.ppf(levels), DECIMALS).tolist()))

    occupancy = rows(occupied, system.quantiles)
    return Headroom(
        place=place,
        beds=tuple(beds.tolist()),
        occupancy=occupancy,
        headroom=rows(beds - occupied, headroom_levels(system)),
        beds_freed=tuple(range(1, HORIZON + 1)),
        peaks=tuple(Peak(days, max(occupancy[:days]), 2.0) for days in PEAK_DAYS),
        net_flow=rows(arriving - leaving, system.quantiles),
    )
