"""Cost of joint paths and pressure: 150 places with five measures each, 28 days ahead, 999 paths of all of them.

Seasonal naive makes the means, once and before the clock starts: what is timed is all that comes after them, from the
errors of the windows to calibrated margins, paths, parents' quantiles, and headroom with its peaks. In a process of its
own, whose peak memory is read from the operating system; memory before the clock starts is shown with it.

`python -m benchmarks.flow [--places 150] [--days 420]`
"""

import argparse
import resource
import time
import warnings

import numpy as np
import pandas as pd

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from training.frames import long
from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.models.catalogue import FALLBACK
from training.paths.joint import N_PATHS
from training.pipeline.forecaster import Forecaster
from training.pipeline.pressure import headroom

LEVEL = {"attendances": 250.0, "admissions": 60.0, "discharges": 60.0, "occupancy": 420.0, "beds": 450.0}
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
HORIZON = 28
SITES_PER_TRUST = 4
MOST_SECONDS, MOST_GIB = 20.0, 2.0


def system_of(n_places: int) -> System:
    """A region of trusts with four sites each."""
    sites = [Place(f"S{i}", f"T{i // SITES_PER_TRUST}", f"Site {i}", "site") for i in range(n_places)]
    trusts = [Place(t, "region", t, "trust") for t in dict.fromkeys(str(site.parent) for site in sites)]
    kinds = {"occupancy": Kind.STOCK, "beds": Kind.CAPACITY}
    measures = tuple(Measure(name, kinds.get(name, Kind.FLOW), "patients") for name in LEVEL)
    places = (Place("region", None, "Region", "system"), *trusts, *sites)
    return System("region", "Europe/London", 8, HORIZON, (0.85, 0.92, 0.95, 1.0), LEVELS, measures, places)


def history_of(system: System, n_days: int) -> PointInTimeHistory:
    """Poisson counts with a weekly wave, and a common one."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", periods=n_days, freq="D", name="ds")
    wave = 1 + 0.08 * np.cos(2 * np.pi * days.dayofweek / 7) + 0.02 * rng.standard_normal(n_days).cumsum() / 10
    sites = [place.id for place in system.places if place.kind == "site"]
    columns = {
        f"{site}/{name}": rng.poisson(level * wave).astype(float) for site in sites for name, level in LEVEL.items()
    }
    return known_at_day_end(long(pd.DataFrame(columns, index=days)), system)


def gib() -> float:
    """The largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Print seconds and memory, and whether they are within what was promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=int, default=150)
    parser.add_argument("--days", type=int, default=420)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    system = system_of(options.places)
    history = history_of(system, options.days)
    cutoff = history.last_complete_day
    forecaster = Forecaster(history, HORIZON)
    forecaster.prepare([FALLBACK], [cutoff])
    before, began = gib(), time.perf_counter()
    forecast = forecaster.forecast({}, cutoff)
    pressure = headroom(forecast, history)
    seconds, memory = time.perf_counter() - began, gib()
    n_series, n_sums = forecast.parts.shape[0], forecast.parts.shape[1] - forecast.parts.shape[0]
    print(f"{n_series} series and {n_sums} sums, {HORIZON} days, {N_PATHS} paths; pressure of {len(pressure)} places")
    print(f"seconds: {seconds:.1f}, at most {MOST_SECONDS:g}: {'met' if seconds <= MOST_SECONDS else 'missed'}")
    print(f"GiB: {memory:.2f} ({before:.2f} before), at most {MOST_GIB:g}: {'met' if memory <= MOST_GIB else 'missed'}")


if __name__ == "__main__":
    main()
