"""Faults of single counts: the line is there, and says something else than what is true."""

from collections.abc import Callable

import numpy as np

from training.simulate.feed import Feed
from training.simulate.spoiling import FaultInjector

TIMES = 2  # that a fault of one day is put in
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
