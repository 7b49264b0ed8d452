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


def late(injector: FaultInjector) -> None:
    """Some sites have not sent the last day."""
    last = len(injector.feed.days) - 1
    sites = [group for group in injector.feed.sites() if injector.ledger.reports(group[0])[last]]
    n_late = min(max(1, round(LATE_SHARE * len(sites))), len(sites) - 1)
    for i in sorted(injector.rng.choice(len(sites), n_late, replace=False).tolist()):
        for code in sites[i]:
            injector.remove(code, [last])


def gap(injector: FaultInjector) -> None:
    """An outage of 72 hours: a site sends nothing."""
    group, days = injector.stretch(injector.feed.sites(), GAP_DAYS)
    for code in group:
        injector.remove(code, days)


def revised(injector: FaultInjector) -> None:
    """A later file sends two weeks of a place again; what stands in the first file was preliminary."""
    last = len(injector.feed.days) - 1
    here = injector.feed.codes("occupancy", injector.feed.days[last])
    code, days = here[int(injector.rng.integers(len(here)))], range(last - REVISED_DAYS, last)
    injector.ledger.take(code, days[0], REVISED_DAYS)
    injector.feed.files[revised_name(injector.feed.days)] = [injector.line(code, day).copy() for day in days]
    for day in sorted(injector.rng.choice(days, REVISED_CELLS, replace=False).tolist()):
        true = int(injector.line(code, day)["occupancy"])
        injector.put(code, day, "occupancy", str(int(PRELIMINARY * true)))


def repeated(injector: FaultInjector) -> None:
    """A line is sent twice."""
    for _ in range(TIMES):
        line, day = _sent_again(injector)
        injector.record(line, line["code"], day)


def conflicting(injector: FaultInjector) -> None:
    """A line is sent twice, the second time with another occupancy."""
    for _ in range(TIMES):
        line, day = _sent_again(injector)
        true = line["occupancy"]
        line["occupancy"] = str(int(true) + int(injector.rng.integers(1, MOST_APART + 1)))
        injector.record(line, line["code"], day, "occupancy", found=line["occupancy"], true=true)


def unknown_place(injector: FaultInjector) -> None:
    """A line of a place that is not in the tree."""
    for _ in range(TIMES):
        line, day = _sent_again(injector)
        line["code"] = UNKNOWN_PLACE
        injector.record(line, UNKNOWN_PLACE, day)


def future_day(injector: FaultInjector) -> None:
    """A line is dated a month after the last day."""
    last = len(injector.feed.days) - 1
    here = injector.feed.codes("occupancy", injector.feed.days[last])
    code = here[int(injector.rng.integers(len(here)))]
    day = injector.feed.days[last] + timedelta(days=FUTURE_DAYS)
    line = injector.line(code, last - 1).copy()
    line["date"] = day.isoformat()
    injector.file(last).append(line)
    name = extract_name(injector.feed.days[last])
    injector.ledger.faults.append(Fault(injector.kind, name, line, code, "", day, day))


def _sent_again(injector: FaultInjector) -> tuple[Line, int]:
    """A copy of some line, right after it, and its day."""
    code, days = injector.any_place(1, "occupancy")
    line, lines = injector.line(code, days[0]), injector.file(days[0])
    again = line.copy()
    lines.insert(lines.index(line) + 1, again)
    return again, days[0]
