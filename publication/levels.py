"""Levels of escalation: states of a place and day that a system names, each with a condition on its chances.

A condition is of parts such as `over 0.92 >= 50 %` (the chance that the occupancy rate passes 0.92 is a half or more)
and `short 10 >= 0.2` (the chance that ten beds or more are missing), joined by `and` and `or`; `and` binds tighter.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from publication.vocabulary import COMPUTED_DECIMALS

CONDITION_EXAMPLE = "over 0.92 >= 50 % and short 10 >= 20 %"
MOST_OF_A_RATE = 2.0
"""The largest occupancy rate that a condition may name, as for thresholds."""

_PART = re.compile(r"(over|short)\s+(\d*\.?\d+)\s*(%?)\s*>=\s*(\d*\.?\d+)\s*(%?)")
_COLOUR = re.compile(r"#[0-9a-f]{6}|[a-z]+", re.IGNORECASE)
_JOINING = "and", "or"

Chance = Callable[[float], float]
"""The chance, 0 to 1, that an occupancy rate is passed; or that so many beds, or more, are missing."""


class Quantity(StrEnum):
    """The event that a part of a condition has the chance of."""

    OVER = "over"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class ConditionPart:
    """It holds where passing a rate of `limit`, or missing `limit` beds or more, has this chance or a greater one."""

    quantity: Quantity
    limit: float
    chance: float

    def holds(self, over: Chance, short: Chance) -> bool:
        found = over(self.limit) if self.quantity is Quantity.OVER else short(self.limit)
        # as it is shown, so that a level agrees with the chances next to it
        return round(found, COMPUTED_DECIMALS) >= self.chance


Condition = tuple[tuple[ConditionPart, ...], ...]
"""Alternatives of which one must hold, each of parts that must all hold."""


@dataclass(frozen=True)
class EscalationLevel:
    """A named state of a place and day. `colour` is a CSS colour name or #rrggbb, `action` free text.

    Raises ValueError where the condition or the colour cannot be read.
    """

    name: str
    when: str
    colour: str
    action: str

    def __post_init__(self) -> None:
        check_colour(self.colour)
        _ = self.condition

    @cached_property
    def condition(self) -> Condition:
        return parse_condition(self.when)

    def holds(self, over: Chance, short: Chance) -> bool:
        """Return whether its condition does."""
        return any(all(part.holds(over, short) for part in parts) for parts in self.condition)


def level_of(levels: Sequence[EscalationLevel], over: Chance, short: Chance) -> EscalationLevel | None:
    """Return the last of the levels, from lowest to highest, whose condition holds; None where none does."""
    return next((level for level in reversed(levels) if level.holds(over, short)), None)


def parse_condition(text: str) -> Condition:
    """Return the condition that the text is. Raises ValueError with what is wrong with it, and an example."""
    words = re.split(rf"\b({'|'.join(_JOINING)})\b", text.lower())
    alternatives: list[list[ConditionPart]] = [[]]
    for position, part in enumerate(words):
        if position % 2 == 0:
            alternatives[-1].append(_parse_part(part.strip()))
        elif part == "or":
            alternatives.append([])
    return tuple(map(tuple, alternatives))


def check_colour(colour: str) -> str:
    """Return the colour. Raises ValueError where it is neither a word nor #rrggbb."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"{colour!r} is no colour; give a CSS name or six digits, such as orange or #ffa500")
    return colour


def _parse_part(text: str) -> ConditionPart:
    found = _PART.fullmatch(text)
    if found is None:
        what = f"{text!r} is no condition" if text else "a condition is missing"
        raise ValueError(f"{what}; write over RATE >= CHANCE or short BEDS >= CHANCE, such as {CONDITION_EXAMPLE}")
    quantity, limit = Quantity(found[1]), _number(found[2], found[3])
    if quantity is Quantity.OVER and not 0 < limit <= MOST_OF_A_RATE:
        raise ValueError(f"{text!r} has an occupancy rate that is not above 0 and at most 2; 92 % is 0.92")
    if quantity is Quantity.SHORT and (found[3] or not limit.is_integer() or limit < 1):
        raise ValueError(f"{text!r} has a number of beds that is not 1, 2, 3 or more; give a whole number")
    chance = _number(found[4], found[5])
    if not 0 < chance <= 1:
        raise ValueError(f"{text!r} has a chance that is not above 0 and at most 1; a half is 0.5 or 50 %")
    return ConditionPart(quantity, limit, chance)


def _number(digits: str, percent: str) -> float:
    """Return the number, exact in percent, too: 29 % is 0.29, not 0.29 and a little more or less."""
    return float(f"{digits}e-2") if percent else float(digits)
