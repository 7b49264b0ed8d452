"""Faults of whole lines: missing, sent again, or of no known place or day."""

from datetime import timedelta

from training.simulate.feed import Line, extract_name, revised_name
from training.simulate.spoiling import Fault, FaultInjector

TIMES = 2  # that a fault of one line is put in
LATE_SHARE = 0.25  # of the sites
GAP_DAYS = 3
REVISED_DAYS = 14
REVISED_CELLS = 5
PRELIMINARY = 0.9  # of the count that is true
MOST_APART = 10  # of two counts that conflict
UNKNOWN_PLACE = "RZZ99"
FUTURE_DAYS = 30


def late(spoiler: FaultInjector) -> None:
    """Some sites have not sent the last day."""
    last = len(spoiler.feed.days) - 1
    sites = [group for group in spoiler.feed.sites() if spoiler.ledger.reports(group[0])[last]]
    n_late = min(max(1, round(LATE_SHARE * len(sites))), len(sites) - 1)
    for i in sorted(spoiler.rng.choice(len(sites), n_late, replace=False).tolist()):
        for code in sites[i]:
            spoiler.remove(code, [last])


def gap(spoiler: FaultInjector) -> None:
    """An outage of 72 hours: a site sends nothing."""
    group, days = spoiler.stretch(spoiler.feed.sites(), GAP_DAYS)
    for code in group:
        spoiler.remove(code, days)


def revised(spoiler: FaultInjector) -> None:
    """A later file sends two weeks of a place again; what stands in the first file was preliminary."""
    last = len(spoiler.feed.days) - 1
    here = spoiler.feed.codes("occupancy", spoiler.feed.days[last])
    code, days = here[int(spoiler.rng.integers(len(here)))], range(last - REVISED_DAYS, last)
    spoiler.ledger.take(code, days[0], REVISED_DAYS)
    spoiler.feed.files[revised_name(spoiler.feed.days)] = [spoiler.line(code, day).copy() for day in days]
    for day in sorted(spoiler.rng.choice(days, REVISED_CELLS, replace=False).tolist()):
        true = int(spoiler.line(code, day)["occupancy"])
        spoiler.put(code, day, "occupancy", str(int(PRELIMINARY * true)))


def repeated(spoiler: FaultInjector) -> None:
    """A line is sent twice."""
    for _ in range(TIMES):
        line, day = _sent_again(spoiler)
        spoiler.record(line, line["code"], day)


def conflicting(spoiler: FaultInjector) -> None:
    """A line is sent twice, the second time with another occupancy."""
    for _ in range(TIMES):
        line, day = _sent_again(spoiler)
        true = line["occupancy"]
        line["occupancy"] = str(int(true) + int(spoiler.rng.integers(1, MOST_APART + 1)))
        spoiler.record(line, line["code"], day, "occupancy", found=line["occupancy"], true=true)


def unknown_place(spoiler: FaultInjector) -> None:
    """A line of a place that is not in the tree."""
    for _ in range(TIMES):
        line, day = _sent_again(spoiler)
        line["code"] = UNKNOWN_PLACE
        spoiler.record(line, UNKNOWN_PLACE, day)


def future_day(spoiler: FaultInjector) -> None:
    """A line is dated a month after the last day."""
    last = len(spoiler.feed.days) - 1
    here = spoiler.feed.codes("occupancy", spoiler.feed.days[last])
    code = here[int(spoiler.rng.integers(len(here)))]
    day = spoiler.feed.days[last] + timedelta(days=FUTURE_DAYS)
    line = spoiler.line(code, last - 1).copy()
    line["date"] = day.isoformat()
    spoiler.file(last).append(line)
    name = extract_name(spoiler.feed.days[last])
    spoiler.ledger.faults.append(Fault(spoiler.kind, name, line, code, "", day, day))


def _sent_again(spoiler: FaultInjector) -> tuple[Line, int]:
    """A copy of some line, right after it, and its day."""
    code, days = spoiler.any_place(1, "occupancy")
    line, lines = spoiler.line(code, days[0]), spoiler.file(days[0])
    again = line.copy()
    lines.insert(lines.index(line) + 1, again)
    return again, days[0]
