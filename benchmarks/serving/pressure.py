"""CPU seconds of the pressure of 2,000 places: at the first request for each form, and under a scenario at one place.

`python -m benchmarks.serving.pressure [--sites 1599]`: in this process, without the network, for a publication that is
read from a store. The default JSON is rendered before a publication is served, and with it the ranking. The ratio is
to what `json.dumps` of the standard library takes for the same numbers: it holds on a slower or busier machine.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.serving.region import N_SITES, publication
from publication.days import today
from publication.store import Store, default_url
from service.http.conditional import Representation
from service.publications.served import ALL_PRESSURE, ServedPublication
from service.queries.scenario import Scenario
from service.queries.selection import CSV, JSON, NDJSON, ROWS, Selection
from service.queries.system_pressure import PressureSelection

PLACE, LIMIT = "S7", 20
ROUNDS = 3
SCENARIO = Scenario(beds=((PLACE, 12.0),))
WHAT_IF = PressureSelection(ALL_PRESSURE.series, SCENARIO)
WHAT_IF_WORST = PressureSelection(replace(ALL_PRESSURE.series, limit=LIMIT), SCENARIO)
WHAT_IF_PLACE = PressureSelection(Selection(places=(PLACE,)), SCENARIO)
MOST_SECONDS, MOST_WHAT_IF_SECONDS = 1.0, 0.1


def main() -> None:
    """Print a row for each body."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=N_SITES)
    served = _served(parser.parse_args().sites)
    ranking = _cpu_seconds(lambda: served.ranking(ALL_PRESSURE, 0), rounds=1)
    body = json.loads(b"".join(served.pressure(ALL_PRESSURE, JSON, 0).plain.chunks))
    unit = _cpu_seconds(lambda: json.dumps(body))
    print(f"{len(body['places']):,} places. Ranking: {ranking:.2f} s. json.dumps: {unit:.2f} s.")
    print("| body | MB | CPU seconds | of json.dumps | bar |\n|---|---|---|---|---|")
    for name, wanted, form, most in (
        ("JSON", ALL_PRESSURE, JSON, None),
        ("CSV", ALL_PRESSURE, CSV, MOST_SECONDS),
        ("NDJSON", ALL_PRESSURE, NDJSON, MOST_SECONDS),
        ("`shape=rows`", ALL_PRESSURE, ROWS, MOST_SECONDS),
        ("what-if at one place, every place", WHAT_IF, JSON, MOST_WHAT_IF_SECONDS),
        (f"what-if at one place, the worst {LIMIT}", WHAT_IF_WORST, JSON, MOST_WHAT_IF_SECONDS),
        ("what-if at one place, that place", WHAT_IF_PLACE, JSON, MOST_WHAT_IF_SECONDS),
    ):
        made = served.pressure(wanted, form, 0)
        seconds = _cpu_seconds(partial(served.pressure, wanted, form, 0))
        verdict = "no bar" if most is None else f"{most:g}: {'met' if seconds <= most else 'missed'}"
        print(f"| {name} | {_megabytes(made):.1f} | {seconds:.3f} | {seconds / unit:.3f} | {verdict} |", flush=True)


def _served(n_sites: int) -> ServedPublication:
    made = publication(today(datetime.now(UTC), "Europe/London"), n_sites)
    with TemporaryDirectory() as folder:
        store = Store(default_url(Path(folder)))
        store.prepare()
        store.issue(made)
        served = ServedPublication(store.latest(), store.summaries()[0])
        store.close()
    return served


def _megabytes(made: Representation) -> float:
    return sum(map(len, made.plain.chunks)) / 1e6


def _cpu_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least CPU seconds of a few rounds."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
