"""More discharges a day at a site: the service's shift compared with the simulator run again with them.

The simulator knows what the service does not: who stays long. Patients that go home early are drawn from all in bed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.requirement import Requirement, at_most
from benchmarks.accuracy.rows.simulator import LAST_DAY, SEEDS, STABLE
from training.paths.flow_identity import RECENT_FLOW_DAYS, beds_freed
from training.simulate.calendar import future_levels
from training.simulate.places import nodes
from training.simulate.sites import SiteTruth, WorldState, simulate_days
from training.simulate.world import World, rng_for, sample_world

Values = NDArray[np.float64]
MORE_A_DAY = 5
HORIZON = 14
DRAWS = 1500
CUTOFFS = 6  # of each site, two months apart
RATE = 0.92
LEADS = (1, 3, 7, 14)
LARGEST_ERROR = 0.1


@dataclass(frozen=True)
class Compared:
    """At some leads: beds freed when simulated again and as the service has it; the chance to pass `RATE` in each."""

    freed: Values
    shifted: Values
    chance_again: Values
    chance_shifted: Values
    chance_before: Values


def what_if(every: int) -> list[Requirement]:
    """Return the gap between the shifted chance to pass 92 % and that of the simulator run again."""
    cases = [case for seed in SEEDS for case in _cases(seed, every)]
    heading(f"what if: {len(cases)} sites and days")
    of = {name: np.stack([getattr(case, name) for case in cases]) for name in Compared.__dataclass_fields__}
    data, found = f"What if: {MORE_A_DAY} more discharges a day", []
    for column, lead in enumerate(LEADS):
        freed, shifted = of["freed"][:, column].mean(), of["shifted"][:, column].mean()
        error = float(np.abs(of["chance_shifted"] - of["chance_again"])[:, column].mean())
        others = {
            "without any shift": float(np.abs(of["chance_before"] - of["chance_again"])[:, column].mean()),
            "beds freed, simulated again": float(freed),
            "beds freed, by the shift": float(shifted),
        }
        found.append(at_most(data, f"mean error of P(rate > {RATE}), lead {lead}", error, LARGEST_ERROR, others))
    return found


def _cases(seed: int, every: int) -> list[Compared]:
    world = sample_world(seed, LAST_DAY, STABLE, nodes(STABLE.trusts, STABLE.sites, STABLE.wards))
    last = world.calendar.index(LAST_DAY) - HORIZON
    days = [last - 61 * back for back in range(0, CUTOFFS, every)]
    return [_case(world, code, day) for code in world.truths for day in days]


def _case(world: World, code: str, today: int) -> Compared:
    truth, history = world.truths[code], world.histories[code]
    past = slice(today + 1 - RECENT_FLOW_DAYS, today + 1)
    share = history.leaving[past, 0].sum() / history.in_bed[past, 0].sum()
    now = world.site_levels[code][today] + world.region_level[today]
    level = future_levels(rng_for(world.seed, "what if", code), np.full(DRAWS, now), HORIZON)
    state = history.state_after(today, DRAWS)
    without, again = (
        _simulated(truth, state, today + 1, level, more, rng_for(world.seed, "what if", f"{today}", code))
        for more in (0, MORE_A_DAY)
    )
    shift = MORE_A_DAY * beds_freed(float(share), HORIZON)
    limit = RATE * truth.beds[today + 1 : today + 1 + HORIZON].sum(axis=1)[:, None]
    at = [lead - 1 for lead in LEADS]
    return Compared(
        freed=(without - again).mean(axis=1)[at],
        shifted=shift[at],
        chance_again=(again > limit).mean(axis=1)[at],
        chance_shifted=(without - shift[:, None] > limit).mean(axis=1)[at],
        chance_before=(without > limit).mean(axis=1)[at],
    )


def _simulated(truth: SiteTruth, state: WorldState, first: int, level: Values, more: int, rng: Generator) -> Values:
    """Occupancy (horizon, n_draws) where `more` patients a day, of all in bed alike, go home too."""
    census = []
    for day in range(len(level)):
        history = simulate_days(truth, state, first + day, level[day : day + 1], rng)
        in_bed = history.in_bed[0]
        flat = in_bed.reshape(len(in_bed), -1)
        if more:
            flat = flat - _drawn(flat, more, rng)
        state = WorldState(flat.reshape(in_bed.shape), history.waiting[0])
        census.append(flat.sum(axis=1))
    return np.asarray(census, dtype=float)


def _drawn(in_bed: NDArray[np.int64], more: int, rng: Generator) -> NDArray[np.int64]:
    """So many of those in bed (n_draws, n), drawn alike."""
    return np.stack([rng.multivariate_hypergeometric(row, min(more, int(row.sum()))) for row in in_bed])
