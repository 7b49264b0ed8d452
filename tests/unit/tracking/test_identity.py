"""Identity of systems: differences that show that a version was trained on another, and those that do not."""

from datetime import date

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, counts, four_sites
from training.tracking.versions import difference, identity_of

LAST = date(2022, 7, 21)
SOURCES = ("daily",)


TABLE = four_sites(200)
TRAINED = identity_of(build_history(TABLE), SOURCES, LAST)


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=lambda name: {"A": "T1", "B": "T2"}.get(name[0], name[0]) + name[1:])


def busier(table: pd.DataFrame) -> pd.DataFrame:
    return table * 3


def gone(table: pd.DataFrame) -> pd.DataFrame:
    return table[["A/attendances", "B/attendances"]]


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """Twenty of the days have arrived since, at five times the level."""
    arrived = table.copy()
    arrived.iloc[-24:-4] *= 5
    return arrived


def stepped_up_since(table: pd.DataFrame) -> pd.DataFrame:
    more = 2 * counts(40, 80, 3, table.index[-1] + pd.Timedelta(days=1))
    return pd.concat([table, pd.DataFrame(dict.fromkeys(table, more))])


def with_more_places(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{f"{place}/occupancy": 70.0 for place in "BCD"})


SAME = [
    ("nothing changed", TABLE),
    ("places were added", with_more_places(TABLE)),
    ("days arrived late", filled(TABLE)),
    ("it has grown since", stepped_up_since(TABLE)),
    ("one of five series left", TABLE.drop(columns="C/attendances")),
]
OTHER = [
    (
        "other places",
        renamed(TABLE)[["T1/attendances", "T2/attendances"]],
        "it forecasts A/attendances, A/occupancy, B/att",
    ),
    ("three of five series left", gone(TABLE), "it forecasts A/occupancy, C/attendances, D/attendances"),
    ("the same names, other counts", busier(TABLE), "in the eight weeks to 2022-07-21 A/attendances stood at 4"),
]


@pytest.mark.parametrize(("what", "table"), SAME)
def test_a_system_that_has_changed_is_the_same(what: str, table: pd.DataFrame) -> None:
    assert difference(TRAINED, build_history(table), SOURCES) is None, what


@pytest.mark.parametrize(("what", "table", "says"), OTHER)
def test_a_system_of_the_same_name_is_another_one(what: str, table: pd.DataFrame, says: str) -> None:
    assert (difference(TRAINED, build_history(table), SOURCES) or "").startswith(says), what


def test_without_a_day_in_common_the_sources_tell() -> None:
    later = TABLE.set_axis(TABLE.index + pd.Timedelta(days=400), axis=0)
    history = build_history(later, build_system())
    assert difference(TRAINED, history, ("daily", "more")) is None
    assert difference(TRAINED, history, ("other",)) == (
        "it has no day and no source in common with this one (there daily, here other)"
    )
