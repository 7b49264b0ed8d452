"""One requirement: what must be reached, what we reached, what peers reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Requirement:
    """A line of the table. `met` is None where a peer that it needs was left out."""

    data: str
    what: str
    bar: str
    ours: float
    met: bool | None
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "met", False: "missed", None: "not compared"}[self.met]


def at_most(data: str, what: str, ours: float, bar: float, peers: Mapping[str, float]) -> Requirement:
    """A loss with a bar of its own."""
    return Requirement(data, what, f"<= {bar:.3f}", ours, ours <= bar, peers)


def at_least(data: str, what: str, ours: float, bar: float, peers: Mapping[str, float]) -> Requirement:
    """A share with a lower bound."""
    return Requirement(data, what, f">= {bar:.3f}", ours, ours >= bar, peers)


def within(data: str, what: str, ours: float, low: float, high: float, peers: Mapping[str, float]) -> Requirement:
    """A coverage that must be neither less nor more."""
    return Requirement(data, what, f"{low:g} to {high:g}", ours, low <= ours <= high, peers)


def less_than(
    data: str,
    what: str,
    ours: float,
    rivals: Mapping[str, float],
    by: float = 0.0,
    others: Mapping[str, float] | None = None,
) -> Requirement:
    """A loss below every rival's, by a share of it: 0.08 for at least 8 % below. `others` are shown only."""
    bar = f"at least {by:.0%} below {', '.join(rivals)}" if by else f"below {', '.join(rivals)}"
    limits = [loss * (1 - by) for loss in rivals.values()]
    is_below = all(ours <= limit if by else ours < limit for limit in limits)
    return Requirement(data, what, bar, ours, is_below if rivals else None, {**rivals, **(others or {})})
