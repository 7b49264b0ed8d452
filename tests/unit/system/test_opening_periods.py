"""valid_from, valid_to and succeeds: valid and invalid values."""

from datetime import date
from pathlib import Path

import pytest

from training.errors import SystemFileError
from training.system.model import OpeningPeriod, SystemFile
from training.system.reading import read_system

SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
places = "places.csv"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { occupancy = "occupied" }
"""
HEADER = "place,parent,valid_from,valid_to,succeeds\n"


def read(folder: Path, places: str) -> SystemFile:
    (folder / "system.toml").write_text(SYSTEM)
    (folder / "places.csv").write_text(HEADER + places)
    return read_system(folder / "system.toml")


def test_a_merger_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, "A,,,2023-03-31,\nB,,2020-01-01,2023-03-31,\nM,,2023-04-01,,A;B\nC,,,,\n")
    assert dict(file.context.opening_periods) == {
        "A": OpeningPeriod(last=date(2023, 3, 31)),
        "B": OpeningPeriod(date(2020, 1, 1), date(2023, 3, 31)),
        "M": OpeningPeriod(date(2023, 4, 1), succeeds=("A", "B")),
    }


@pytest.mark.parametrize("places", [
    "A,,,2023-03-31,\nB,,,2023-03-31,\nM,,,,A;B\n",
    "A,,,,\nB,,,,\nM,,2023-04-01,,A;B\n",
    "A,,,,\nB,,,,\nM,,2023-04-01,,A ; B;\n",
    "A,,,,\nB,,,,\nM,,2023-04-01,,A B\n",
    'A,,,,\nB,,,,\nM,,2023-04-01,,"A,B"\n',
    "A,,,,\nB,,,,\nM,,2023-04-01,,A+B\n",
])  # fmt: skip
def test_the_day_between_is_given_once(places: str, tmp_path: Path) -> None:
    opening_periods = read(tmp_path, places).context.opening_periods
    assert opening_periods["A"].last == opening_periods["B"].last == date(2023, 3, 31)
    assert (opening_periods["M"].first, opening_periods["M"].succeeds) == (date(2023, 4, 1), ("A", "B"))


def test_an_id_with_blanks_is_one_place(tmp_path: Path) -> None:
    file = read(tmp_path, "North West,,,,\nM,,2023-04-01,,North West\n")
    assert file.context.opening_periods["M"].succeeds == ("North West",)


def test_inline_places_may_use_the_days_and_lists_of_toml(tmp_path: Path) -> None:
    inline = (
        '[[places]]\nplace = "A"\nvalid_to = 2023-03-31\n[[places]]\nplace = "B"\n'
        '[[places]]\nplace = "M"\nvalid_from = "2023-04-01"\nsucceeds = ["A", "B"]\n'
    )
    (tmp_path / "system.toml").write_text(SYSTEM.replace('places = "places.csv"\n', "") + inline)
    opening_periods = read_system(tmp_path / "system.toml").context.opening_periods
    assert opening_periods["B"] == OpeningPeriod(last=date(2023, 3, 31))
    assert opening_periods["M"] == OpeningPeriod(date(2023, 4, 1), succeeds=("A", "B"))


INVALID = [
    ("a day that is none", "A,,April,,\n", ("line 2", "valid_from: found 'April'", "2026-02-03")),
    ("out of order", "A,,2023-04-01,2023-03-01,\n", ("line 2", "valid_to: found 2023-03-01, which is before")),
    ("an unknown predecessor", "A,,,2023-03-31,\nM,,,,A;Z\n", ("line 3", "succeeds: found 'Z'", "Known: ")),
    ("no day at all", "A,,,,\nM,,,,A\n", ("line 3", "A and M have neither valid_to nor valid_from")),
    (
        "a predecessor that is still open",
        "A,,,2023-05-31,\nM,,2023-04-01,,A\n",
        ("line 3", "A", "open until 2023-05-31"),
    ),
    ("succeeded twice", "A,,,2023-03-31,\nM,,,,A\nN,,,,A\n", ("line 4", "A is succeeded by M already")),
    ("a circle", "A,,2023-04-01,,B\nB,,2023-05-01,,A\n", ("line 2", "A opens on 2023-04-01, before B does")),
    ("a circle that is closed", "A,,,2023-03-31,B\nB,,,2023-03-31,A\n", ("line 2", "before its predecessors close")),
    ("closed before it began", "A,,,2023-03-31,\nM,,,2023-02-01,A\n", ("line 3", "before its predecessors close")),
]


@pytest.mark.parametrize(("wrong", "places", "says"), INVALID, ids=[wrong for wrong, _, _ in INVALID])
def test_it_is_rejected_with_its_line(wrong: str, places: str, says: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SystemFileError) as raised:
        read(tmp_path, places)
    for fragment in says:
        assert fragment in str(raised.value)
