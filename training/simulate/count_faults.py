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


def partial_day(spoiler: FaultInjector) -> None:
    """Less than half of the last day's flows have been counted, wherever it was sent."""
    last = len(spoiler.feed.days) - 1
    present = {line["code"] for line in spoiler.file(last) if line["date"] == spoiler.feed.days[last].isoformat()}
    share = spoiler.rng.uniform(*PARTIAL)
    for place in spoiler.feed.places:
        for measure in FLOWS:
            if place.code in present and (true := spoiler.line(place.code, last)[measure]):
                spoiler.put(place.code, last, measure, str(int(share * int(true))))


def zero_day(spoiler: FaultInjector) -> None:
    """A measure is 0 everywhere on one day."""
    for measure in ("attendances", "occupancy"):
        first, last = (spoiler.feed.codes(measure, spoiler.feed.days[i]) for i in (0, -1))
        everywhere, days = spoiler.stretch([first, last], 1)  # the same places, unless some merge
        for code in everywhere:
            spoiler.put(code, days[0], measure, "0")


def balance(spoiler: FaultInjector) -> None:
    """A third of a place's discharges go uncounted for a fortnight."""
    code, days = spoiler.any_place(UNBALANCED_DAYS, "discharges")
    for day in days:
        spoiler.put(code, day, "discharges", str(int(UNBALANCED * int(spoiler.line(code, day)["discharges"]))))


def frozen(spoiler: FaultInjector) -> None:
    """A value is repeated."""
    code, days = spoiler.any_place(FROZEN_DAYS, "occupancy")
    for day in days[1:]:
        spoiler.put(code, day, "occupancy", spoiler.line(code, days[0])["occupancy"])


def spike(spoiler: FaultInjector) -> None:
    """A count is five times what it was."""
    _changed(spoiler, "attendances", lambda true: str(SPIKE * int(true)))


def dip(spoiler: FaultInjector) -> None:
    """A count is a fifth of what it was."""
    _changed(spoiler, "attendances", lambda true: str(int(true) // SPIKE))


def above_beds(spoiler: FaultInjector) -> None:
    """Occupancy is twice the beds."""
    for _ in range(TIMES):
        code, days = spoiler.any_place(1, "occupancy")
        spoiler.put(code, days[0], "occupancy", str(2 * int(spoiler.line(code, days[0])["beds"])))


def sentinel_negative(spoiler: FaultInjector) -> None:
    """A negative number stands for a missing count."""
    for sentinel in SENTINELS_BELOW:
        _instead(spoiler, "occupancy", sentinel)


def sentinel_positive(spoiler: FaultInjector) -> None:
    """Nines stand for a missing count, where the count is never near them."""
    for sentinel in SENTINELS_ABOVE:
        far = {m: [(code,) for code in _never_near(spoiler.feed, m, sentinel)] for m in ("occupancy", "attendances")}
        measure = next((measure for measure, groups in far.items() if groups), None)
        if measure is not None:
            (code,), days = spoiler.stretch(far[measure], 1)
            spoiler.put(code, days[0], measure, str(sentinel))


def text(spoiler: FaultInjector) -> None:
    """Words stand where a count should."""
    for word in WORDS:
        _instead(spoiler, "discharges", word)


def decimal_comma(spoiler: FaultInjector) -> None:
    """A count is written with a decimal comma."""
    _changed(spoiler, "occupancy", lambda true: f"{true},0")


def _changed(spoiler: FaultInjector, measure: str, found: Callable[[str], str]) -> None:
    """Some counts become what `found` makes of them."""
    for _ in range(TIMES):
        code, days = spoiler.any_place(1, measure)
        spoiler.put(code, days[0], measure, found(spoiler.line(code, days[0])[measure]))


def _instead(spoiler: FaultInjector, measure: str, text: str) -> None:
    """Some count becomes the text."""
    code, days = spoiler.any_place(1, measure)
    spoiler.put(code, days[0], measure, text)


def _never_near(feed: Feed, measure: str, sentinel: int) -> list[str]:
    """Places whose counts are far from the sentinel, but for the rare days that are spoiled already."""
    far = []
    for code in feed.codes(measure):
        texts = (feed.at[code, day][measure] for day in feed.days if (code, day) in feed.at)
        low, high = np.quantile([int(count) for count in texts if count.isdigit()], RARE)
        if high * NEAR < sentinel or low > sentinel * NEAR:
            far.append(code)
    return far
