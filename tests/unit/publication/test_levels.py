"""Levels of escalation: the grammar of their conditions, and the level that chances done by hand give."""

import re
from collections.abc import Mapping

import pytest

from publication.levels import EscalationLevel, level_of, parse_condition

OVER, SHORT = "over", "short"
Part = tuple[str, float, float]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("over 0.92 >= 0.5", [[(OVER, 0.92, 0.5)]]),
        ("over 92 % >= 50 %", [[(OVER, 0.92, 0.5)]]),
        ("over 92%>=50%", [[(OVER, 0.92, 0.5)]]),
        ("over 1 >= 1", [[(OVER, 1.0, 1.0)]]),
        ("over 2 >= .05", [[(OVER, 2.0, 0.05)]]),
        ("over 100 % >= 29 %", [[(OVER, 1.0, 0.29)]]),
        ("over 115 % >= 100 %", [[(OVER, 1.15, 1.0)]]),
        ("short 10 >= 0.2", [[(SHORT, 10.0, 0.2)]]),
        ("short 1 >= 12.5 %", [[(SHORT, 1.0, 0.125)]]),
        ("  OVER  0.92  >=  0.5  ", [[(OVER, 0.92, 0.5)]]),
        ("over 0.92 >= 0.5 and short 5 >= 0.1", [[(OVER, 0.92, 0.5), (SHORT, 5.0, 0.1)]]),
        ("over 0.92 >= 0.5 or short 5 >= 0.1", [[(OVER, 0.92, 0.5)], [(SHORT, 5.0, 0.1)]]),
        (
            "over 0.9 >= 0.5 and short 5 >= 0.1 or short 9 >= 0.3",
            [[(OVER, 0.9, 0.5), (SHORT, 5.0, 0.1)], [(SHORT, 9.0, 0.3)]],
        ),
        (
            "over 0.9 >= 0.5 or short 5 >= 0.1 AND short 9 >= 0.3",
            [[(OVER, 0.9, 0.5)], [(SHORT, 5.0, 0.1), (SHORT, 9.0, 0.3)]],
        ),
    ],
)
def test_a_condition_is_read(text: str, expected: list[list[Part]]) -> None:
    found = parse_condition(text)
    assert [[(part.quantity.value, part.limit, part.chance) for part in parts] for parts in found] == expected


FORM = "; write over RATE >= CHANCE or short BEDS >= CHANCE, such as over 0.92 >= 50 % and short 10 >= 20 %"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"a condition is missing{FORM}"),
        ("   ", f"a condition is missing{FORM}"),
        ("over 0.92", f"'over 0.92' is no condition{FORM}"),
        ("over 0.92 > 0.5", f"'over 0.92 > 0.5' is no condition{FORM}"),
        ("under 0.92 >= 0.5", f"'under 0.92 >= 0.5' is no condition{FORM}"),
        ("over >= 0.5", f"'over >= 0.5' is no condition{FORM}"),
        ("over 0,92 >= 0.5", f"'over 0,92 >= 0.5' is no condition{FORM}"),
        ("over -0.9 >= 0.5", f"'over -0.9 >= 0.5' is no condition{FORM}"),
        ("over nan >= 0.5", f"'over nan >= 0.5' is no condition{FORM}"),
        ("over 1e-1 >= 0.5", f"'over 1e-1 >= 0.5' is no condition{FORM}"),
        ("(over 0.9 >= 0.5)", f"'(over 0.9 >= 0.5)' is no condition{FORM}"),
        ("over 0.9 >= 0.5 short 5 >= 0.1", f"'over 0.9 >= 0.5 short 5 >= 0.1' is no condition{FORM}"),
        ("over 0.9 >= 0.5 and", f"a condition is missing{FORM}"),
        ("or over 0.9 >= 0.5", f"a condition is missing{FORM}"),
        ("over 0.9 >= 0.5 and or short 5 >= 0.1", f"a condition is missing{FORM}"),
        ("over 0 >= 0.5", "'over 0 >= 0.5' has an occupancy rate that is not above 0 and at most 2; 92 % is 0.92"),
        ("over 92 >= 0.5", "'over 92 >= 0.5' has an occupancy rate that is not above 0 and at most 2; 92 % is 0.92"),
        ("over 2.01 >= 1", "'over 2.01 >= 1' has an occupancy rate that is not above 0 and at most 2; 92 % is 0.92"),
        ("short 0 >= 1", "'short 0 >= 1' has a number of beds that is not 1, 2, 3 or more; give a whole number"),
        ("short 2.5 >= 1", "'short 2.5 >= 1' has a number of beds that is not 1, 2, 3 or more; give a whole number"),
        ("short 5 % >= 1", "'short 5 % >= 1' has a number of beds that is not 1, 2, 3 or more; give a whole number"),
        ("short 5 >= 0", "'short 5 >= 0' has a chance that is not above 0 and at most 1; a half is 0.5 or 50 %"),
        ("short 5 >= 20", "'short 5 >= 20' has a chance that is not above 0 and at most 1; a half is 0.5 or 50 %"),
        (
            "short 5 >= 101 %",
            "'short 5 >= 101 %' has a chance that is not above 0 and at most 1; a half is 0.5 or 50 %",
        ),
    ],
)
def test_what_is_no_condition_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse_condition(text)


@pytest.mark.parametrize("colour", ["", "orange red", "#fff", "#ff00gg", "red;x", "rgb(1,2,3)", "#ff0000\n", 'red"'])
def test_what_is_no_colour_makes_no_level(colour: str) -> None:
    with pytest.raises(ValueError, match=r"is no colour; give a CSS name or six digits, such as orange or #ffa500$"):
        EscalationLevel("red", "over 0.92 >= 0.5", colour, "")


def test_a_level_without_a_condition_is_none() -> None:
    with pytest.raises(ValueError, match="'over' is no condition"):
        EscalationLevel("red", "over", "red", "")


CALM = EscalationLevel("calm", "over 0.5 >= 0.01", "green", "")
BUSY = EscalationLevel("busy", "over 0.92 >= 0.5 or short 5 >= 0.1 and short 1 >= 0.3", "Orange", "call the manager")
FULL = EscalationLevel("full", "over 1 >= 80 % and short 10 >= 20 %", "#FF0000", "open beds")


@pytest.mark.parametrize(
    ("over", "short", "expected"),
    [
        ({0.5: 0.0, 0.92: 0.0, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, None),
        ({0.5: 0.01, 0.92: 0.0, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, "calm"),
        ({0.5: 0.00994, 0.92: 0.0, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, None),
        ({0.5: 0.9, 0.92: 0.5, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, "busy"),
        ({0.5: 0.9, 0.92: 0.4999, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, "calm"),
        ({0.5: 0.9, 0.92: 0.49996, 1.0: 0.0}, {1: 0.0, 5: 0.0, 10: 0.0}, "busy"),
        ({0.5: 0.9, 0.92: 0.1, 1.0: 0.0}, {1: 0.3, 5: 0.1, 10: 0.0}, "busy"),
        ({0.5: 0.9, 0.92: 0.1, 1.0: 0.0}, {1: 0.2, 5: 0.1, 10: 0.0}, "calm"),
        ({0.5: 0.9, 0.92: 0.1, 1.0: 0.0}, {1: 0.3, 5: 0.09, 10: 0.0}, "calm"),
        ({0.5: 1.0, 0.92: 1.0, 1.0: 0.8}, {1: 0.8, 5: 0.5, 10: 0.2}, "full"),
        ({0.5: 1.0, 0.92: 1.0, 1.0: 0.8}, {1: 0.8, 5: 0.5, 10: 0.19}, "busy"),
        ({0.5: 1.0, 0.92: 1.0, 1.0: 0.79}, {1: 0.8, 5: 0.5, 10: 0.2}, "busy"),
        ({0.5: 0.0, 0.92: 0.0, 1.0: 0.8}, {1: 0.8, 5: 0.0, 10: 0.2}, "full"),
    ],
    ids=[
        "no condition holds",
        "the lowest, on its boundary",
        "just below it",
        "the first alternative, on its boundary",
        "just below it, as shown with four decimals",
        "chances that are shown as the boundary are on it",
        "both parts of the second alternative",
        "only its second part",
        "only its first part",
        "the highest",
        "without one of its parts",
        "without the other",
        "the highest that holds, though lower ones do not",
    ],
)
def test_the_level_is_the_last_whose_condition_holds(
    over: Mapping[float, float], short: Mapping[float, float], expected: str | None
) -> None:
    found = level_of((CALM, BUSY, FULL), over.__getitem__, short.__getitem__)
    assert (found.name if found else None) == expected


def test_a_system_without_levels_has_none() -> None:
    assert level_of((), lambda _: 1.0, lambda _: 1.0) is None
