"""The faults that a feed can have: of single counts, and of lines."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import numpy as np

from training.simulate.feed import Fault, FaultInjector, FaultLog, Feed, Line, extract_name, revised_name
from training.simulate.scenario import FaultKind
from training.simulate.world import rng_for

TIMES = 2  # that a fault of one day or line is put in
PARTIAL = (0.2, 0.45)  # of a day's flow that has been counted so far
UNBALANCED_DAYS = 14
UNBALANCED = 2 / 3  # of the discharges that are counted
FROZEN_DAYS = 10
SPIKE = 5
SENTINELS_BELOW = ("-1", "-9", "-9999")
SENTINELS_ABOVE = (99, 999, 9999)
NEAR = 1.5  # a count is near a sentinel where it is within this factor
RARE = (0.05, 0.95)  # quantiles that leave the spoiled days out
WORDS = ("n/a", "closed", "see note")
FLOWS = ("attendances", "admissions", "discharges")


def partial_day(injector: FaultInjector) -> None:
    """Less than half of the last day's flows have been counted, wherever it was sent."""
    last = len(injector.feed.days) - 1
    present = {line["code"] for line in injector.file(last) if line["date"] == injector.feed.days[last].isoformat()}
    share = injector.rng.uniform(*PARTIAL)
    for place in injector.feed.places:
        for measure in FLOWS:
            if place.code in present and (true := injector.line(place.code, last)[measure]):
                injector.put(place.code, last, measure, str(int(share * int(true))))


def zero_day(injector: FaultInjector) -> None:
    """A measure is 0 everywhere on one day."""
    for measure in ("attendances", "occupancy"):
        first, last = (injector.feed.codes(measure, injector.feed.days[i]) for i in (0, -1))
        everywhere, days = injector.stretch([first, last], 1)  # the same places, unless some merge
        for code in everywhere:
            injector.put(code, days[0], measure, "0")


def balance(injector: FaultInjector) -> None:
    """A third of a place's discharges go uncounted for a fortnight."""
    code, days = injector.any_place(UNBALANCED_DAYS, "discharges")
    for day in days:
        injector.put(code, day, "discharges", str(int(UNBALANCED * int(injector.line(code, day)["discharges"]))))


def frozen(injector: FaultInjector) -> None:
    """A value is repeated."""
    code, days = injector.any_place(FROZEN_DAYS, "occupancy")
    for day in days[1:]:
        injector.put(code, day, "occupancy", injector.line(code, days[0])["occupancy"])


def spike(injector: FaultInjector) -> None:
    """A count is five times what it was."""
    _changed(injector, "attendances", lambda true: str(SPIKE * int(true)))


def dip(injector: FaultInjector) -> None:
    """A count is a fifth of what it was."""
    _changed(injector, "attendances", lambda true: str(int(true) // SPIKE))


def above_beds(injector: FaultInjector) -> None:
    """Occupancy is twice the beds."""
    for _ in range(TIMES):
        code, days = injector.any_place(1, "occupancy")
        injector.put(code, days[0], "occupancy", str(2 * int(injector.line(code, days[0])["beds"])))


def sentinel_negative(injector: FaultInjector) -> None:
    """A negative number stands for a missing count."""
    for sentinel in SENTINELS_BELOW:
        _instead(injector, "occupancy", sentinel)


def sentinel_positive(injector: FaultInjector) -> None:
    """Nines stand for a missing count, where the count is never near them."""
    for sentinel in SENTINELS_ABOVE:
        far = {m: [(code,) for code in _never_near(injector.feed, m, sentinel)] for m in ("occupancy", "attendances")}
        measure = next((measure for measure, groups in far.items() if groups), None)
        if measure is not None:
            (code,), days = injector.stretch(far[measure], 1)
            injector.put(code, days[0], measure, str(sentinel))


def text(injector: FaultInjector) -> None:
    """Words stand where a count should."""
    for word in WORDS:
        _instead(injector, "discharges", word)


def decimal_comma(injector: FaultInjector) -> None:
    """A count is written with a decimal comma."""
    _changed(injector, "occupancy", lambda true: f"{true},0")


def _changed(injector: FaultInjector, measure: str, found: Callable[[str], str]) -> None:
    """Some counts become what `found` makes of them."""
    for _ in range(TIMES):
        code, days = injector.any_place(1, measure)
        injector.put(code, days[0], measure, found(injector.line(code, days[0])[measure]))


def _instead(injector: FaultInjector, measure: str, text: str) -> None:
    """Some count becomes the text."""
    code, days = injector.any_place(1, measure)
    injector.put(code, days[0], measure, text)


def _never_near(feed: Feed, measure: str, sentinel: int) -> list[str]:
    """Places whose counts are far from the sentinel, but for the rare days that are spoiled already."""
    far = []
    for code in feed.codes(measure):
        texts = (feed.at[code, day][measure] for day in feed.days if (code, day) in feed.at)
        low, high = np.quantile([int(count) for count in texts if count.isdigit()], RARE)
        if high * NEAR < sentinel or low > sentinel * NEAR:
            far.append(code)
    return far


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
    sites = [group for group in injector.feed.sites() if injector.log.reports(group[0])[last]]
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
    injector.log.take(code, days[0], REVISED_DAYS)
    injector.feed.files[revised_name(injector.feed.days)] = [injector.line(code, day).copy() for day in days]
    for day in sorted(injector.rng.choice(days, REVISED_CELLS, replace=False).tolist()):
        true = int(injector.line(code, day)["occupancy"])
        injector.put(code, day, "occupancy", str(int(PRELIMINARY * true)))


def repeated(injector: FaultInjector) -> None:
    """A line is sent twice."""
    for _ in range(TIMES):
        line, day = _repeated_line(injector)
        injector.record(line, line["code"], day)


def conflicting(injector: FaultInjector) -> None:
    """A line is sent twice, the second time with another occupancy."""
    for _ in range(TIMES):
        line, day = _repeated_line(injector)
        true = line["occupancy"]
        line["occupancy"] = str(int(true) + int(injector.rng.integers(1, MOST_APART + 1)))
        injector.record(line, line["code"], day, "occupancy", found=line["occupancy"], true=true)


def unknown_place(injector: FaultInjector) -> None:
    """A line of a place that is not in the tree."""
    for _ in range(TIMES):
        line, day = _repeated_line(injector)
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
    injector.log.faults.append(Fault(injector.kind, name, line, code, "", day, day))


def _repeated_line(injector: FaultInjector) -> tuple[Line, int]:
    """A copy of some line, right after it, and its day."""
    code, days = injector.any_place(1, "occupancy")
    line, lines = injector.line(code, days[0]), injector.file(days[0])
    again = line.copy()
    lines.insert(lines.index(line) + 1, again)
    return again, days[0]


FAULTS: dict[FaultKind, Callable[[FaultInjector], None]] = {
    FaultKind.LATE: late,
    FaultKind.PARTIAL_DAY: partial_day,
    FaultKind.REVISED: revised,
    FaultKind.ZERO_DAY: zero_day,
    FaultKind.GAP: gap,
    FaultKind.BALANCE: balance,
    FaultKind.FROZEN: frozen,
    FaultKind.SPIKE: spike,
    FaultKind.DIP: dip,
    FaultKind.ABOVE_BEDS: above_beds,
    FaultKind.SENTINEL_NEGATIVE: sentinel_negative,
    FaultKind.SENTINEL_POSITIVE: sentinel_positive,
    FaultKind.TEXT: text,
    FaultKind.DECIMAL_COMMA: decimal_comma,
    FaultKind.REPEATED: repeated,
    FaultKind.CONFLICTING: conflicting,
    FaultKind.UNKNOWN_PLACE: unknown_place,
    FaultKind.FUTURE_DAY: future_day,
}


def inject_faults(feed: Feed, seed: int, kinds: Iterable[FaultKind]) -> list[Fault]:
    """Put the faults into the feed; gives what was done. No two faults share a place and day."""
    log = FaultLog(feed)
    wanted = set(kinds)
    for kind in FaultKind:
        if kind in wanted:
            FAULTS[kind](FaultInjector(kind, log, rng_for(seed, "dirty", kind)))
    return log.faults
