"""The faults that a feed can have."""

from collections.abc import Callable, Iterable

from training.simulate import count_faults, line_faults
from training.simulate.feed import Feed
from training.simulate.scenario import FaultKind
from training.simulate.seeds import rng_for
from training.simulate.spoiling import Fault, FaultInjector, FaultLog

FAULTS: dict[FaultKind, Callable[[FaultInjector], None]] = {
    FaultKind.LATE: line_faults.late,
    FaultKind.PARTIAL_DAY: count_faults.partial_day,
    FaultKind.REVISED: line_faults.revised,
    FaultKind.ZERO_DAY: count_faults.zero_day,
    FaultKind.GAP: line_faults.gap,
    FaultKind.BALANCE: count_faults.balance,
    FaultKind.FROZEN: count_faults.frozen,
    FaultKind.SPIKE: count_faults.spike,
    FaultKind.DIP: count_faults.dip,
    FaultKind.ABOVE_BEDS: count_faults.above_beds,
    FaultKind.SENTINEL_NEGATIVE: count_faults.sentinel_negative,
    FaultKind.SENTINEL_POSITIVE: count_faults.sentinel_positive,
    FaultKind.TEXT: count_faults.text,
    FaultKind.DECIMAL_COMMA: count_faults.decimal_comma,
    FaultKind.REPEATED: line_faults.repeated,
    FaultKind.CONFLICTING: line_faults.conflicting,
    FaultKind.UNKNOWN_PLACE: line_faults.unknown_place,
    FaultKind.FUTURE_DAY: line_faults.future_day,
}


def inject_faults(feed: Feed, seed: int, kinds: Iterable[FaultKind]) -> list[Fault]:
    """Put the faults into the feed; gives what was done. No two faults share a place and day."""
    ledger = FaultLog(feed)
    wanted = set(kinds)
    for kind in FaultKind:
        if kind in wanted:
            FAULTS[kind](FaultInjector(kind, ledger, rng_for(seed, "dirty", kind)))
    return ledger.faults
