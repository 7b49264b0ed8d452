"""A system whose extracts say when each line was sent; in its last weeks one feed has spikes, and one extract is late.

`mornings.csv` lists the last cutoffs, and the instants of the mornings on which they can be published.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from publication.days import ONE_DAY, hour_after
from publication.vocabulary import ATTENDANCES
from training.simulate.faults import SPIKE
from training.simulate.feed import HEADER, Fault, Feed, extract_name, feed
from training.simulate.places import nodes
from training.simulate.run import EXTRACT, write_csv, write_described, write_faults
from training.simulate.scenario import FaultKind, Scenario
from training.simulate.world import sample_world

MORNINGS_FILE, MORNINGS_HEADER = "mornings.csv", ("cutoff", "at")
N_MORNINGS = 28
SENT, SENT_HOUR, MORNING_HOUR = "sent", 0, 6
"""The column that says when a line was sent, and the local hours of the extract and of the morning job."""
DOUBTFUL_SITE, SPIKES_DAYS_AGO = 0, (9, 5, 1)
LATE_SITE, LATE_DAYS_AGO = -1, 7


@dataclass(frozen=True)
class Morning:
    """A cutoff, and the instant at which its publication is made."""

    cutoff: date
    at: datetime


def simulate_mornings(out: Path, seed: int, last_day: date, scenario: Scenario, timezone: str) -> Path:
    """Write a system, and the last `N_MORNINGS` mornings of its history; returns its system.toml."""
    scenario.check(seed, last_day)
    world = sample_world(seed, last_day, scenario, nodes(scenario.trusts, scenario.sites, scenario.wards))
    sent = feed(world)
    faults = [*_spikes(sent), *_late_extract(sent)]
    late = {id(fault.line) for fault in faults if fault.kind is FaultKind.LATE}
    for name, lines in sent.files.items():
        rows = ((*line.cells, _sent(line["date"], id(line) in late, timezone)) for line in lines)
        write_csv(out / EXTRACT / name, (*HEADER, SENT), rows)
    write_faults(out, sent, faults)
    mornings = (Morning(day, hour_after(day, MORNING_HOUR, timezone)) for day in world.days[-N_MORNINGS:])
    write_csv(out / MORNINGS_FILE, MORNINGS_HEADER, ((of.cutoff, of.at.isoformat()) for of in mornings))
    return write_described(out, world, scenario, known_at=SENT)


def read_mornings(system: Path) -> Sequence[Morning]:
    """Return the mornings of the system described in `system`, its system.toml; none where it lists none."""
    file = system.parent / MORNINGS_FILE
    if not file.exists():
        return ()
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        return tuple(Morning(date.fromisoformat(row["cutoff"]), datetime.fromisoformat(row["at"])) for row in rows)


def _sent(day: str, is_late: bool, timezone: str) -> str:
    """Return when a line was sent: on the morning after its day, or on the next."""
    counted = date.fromisoformat(day)
    return hour_after(counted + ONE_DAY if is_late else counted, SENT_HOUR, timezone).isoformat()


def _spikes(sent: Feed) -> Iterator[Fault]:
    """Multiply the attendances of one site on some days."""
    code = sent.codes(ATTENDANCES)[DOUBTFUL_SITE]
    for day in (sent.days[-days_ago] for days_ago in SPIKES_DAYS_AGO):
        line = sent.at[code, day]
        true = line[ATTENDANCES]
        line[ATTENDANCES] = str(SPIKE * int(true))
        yield Fault(FaultKind.SPIKE, extract_name(day), line, code, ATTENDANCES, day, day, line[ATTENDANCES], true)


def _late_extract(sent: Feed) -> Iterator[Fault]:
    """Name the lines of one site and day, which are sent a morning late."""
    day = sent.days[-LATE_DAYS_AGO]
    for code in sent.sites()[LATE_SITE]:
        yield Fault(FaultKind.LATE, extract_name(day), sent.at[code, day], code, "", day, day)
