"""Levels of escalation in system.toml: as they are read, and what is said of those that cannot be."""

from pathlib import Path

import pytest

from publication.levels import EscalationLevel
from tests.unit.system.small import FILES, write
from training.errors import SystemFileError
from training.system.reading import read_system

LEVELS = """
[[levels]]
name = "OPEL 2"
when = "over 0.92 >= 50 %"
colour = "Gold"

[[levels]]
name = "OPEL 3"
when = "over 95 % >= 0.5 or short 5 >= 0.2"
colour = "#d4351c"
action = "Call the bed manager: 0800."
"""


def written(folder: Path, levels: str) -> Path:
    return write(folder, system=FILES["system.toml"] + levels)


def test_levels_are_read_in_their_order(tmp_path: Path) -> None:
    assert read_system(written(tmp_path, LEVELS)).system.levels == (
        EscalationLevel("OPEL 2", "over 0.92 >= 50 %", "Gold", ""),
        EscalationLevel("OPEL 3", "over 95 % >= 0.5 or short 5 >= 0.2", "#d4351c", "Call the bed manager: 0800."),
    )


def test_a_system_file_without_levels_has_none(tmp_path: Path) -> None:
    assert read_system(written(tmp_path, "")).system.levels == ()


@pytest.mark.parametrize(
    ("old", "new", "fragments"),
    [
        ('name = "OPEL 2"', "", ["levels.0.name is missing. Add it."]),
        ('name = "OPEL 2"', 'name = ""', ["levels.0.name: found ''; it is empty"]),
        (
            'name = "OPEL 2"',
            'name = "OPEL 3"',
            ["levels: found these tables: two levels are named 'OPEL 3'; "],
        ),
        ('when = "over 0.92 >= 50 %"', "", ["levels.0.when is missing. Add it."]),
        ("over 0.92 >= 50 %", "over 92 >= 50 %", ["levels.0.when: found 'over 92 >= 50 %': ", "92 % is 0.92."]),
        ("or short", "else short", ["levels.1.when: found ", "is no condition", "such as over 0.92 >= 50 % and short"]),
        ('colour = "Gold"', "", ["levels.0.colour is missing. Add it."]),
        ("Gold", "Golt", ["levels.0.colour: found 'Golt': CSS has no such colour. Did you mean gold"]),
        ("Gold", "zzzzzz", ["CSS has no such colour. Known: aliceblue, antiquewhite", "and 136 more."]),
        ("#d4351c", "#d43", ["levels.1.colour: found '#d43': '#d43' is no colour; give a CSS name or six digits"]),
        ('action = "Call', 'actoin = "Call', ["levels.1.actoin is not a known key. Did you mean action?"]),
        ('"Call the bed manager: 0800."', "5", ["levels.1.action: found 5; give text in quotes."]),
        ("[[levels]]", "[levels]", ["it is not TOML"]),
    ],
)
def test_what_cannot_be_a_level_is_explained(tmp_path: Path, old: str, new: str, fragments: list[str]) -> None:
    assert old in LEVELS
    with pytest.raises(SystemFileError) as raised:
        read_system(written(tmp_path, LEVELS.replace(old, new, 1)))
    for fragment in fragments:
        assert fragment in str(raised.value)
