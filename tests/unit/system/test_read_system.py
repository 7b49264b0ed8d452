from datetime import date
from pathlib import Path

import pytest

from publication.model import Measure, Place
from publication.vocabulary import Kind
from tests.unit.system.small import FILES, MEASURES, SOURCES, SYSTEM, write
from training.system.model import Event, EventKind, SchoolTerm, SystemContext
from training.system.reading import read_system

LONG_SOURCE = '[sources.long]\npath = ["a.csv", "b.csv"]\nplace = "p"\nday = "d"\nmeasure = "m"\nvalue = "v"\n'


def names(measures: tuple[Measure, ...]) -> list[str]:
    return [measure.name for measure in measures]


def test_a_file_with_only_what_it_must_have_gets_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, system='[system]\nname = "A"\ntimezone = "Europe/Lisbon"\n' + SOURCES)
    file = read_system(path)
    system = file.system
    assert (system.name, system.timezone, system.census_hour, system.horizon_days) == ("A", "Europe/Lisbon", 8, 28)
    assert system.thresholds == (0.85, 0.92, 0.95, 1.0)
    assert system.quantiles == (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
    assert system.places == (Place("A", None, "A", "system"),)
    assert file.context == SystemContext()
    assert (file.path, file.folder) == (path, tmp_path)


def test_what_the_file_says_is_what_the_system_has(tmp_path: Path) -> None:
    more = (
        'census_hour = 0\nhorizon_days = 84\nthresholds = [0.9, 1]\nquantiles = [0.1, 0.5, 0.9]\nholidays = "GB-ENG"\n'
    )
    file = read_system(write(tmp_path, system=SYSTEM + more + MEASURES + SOURCES))
    assert (file.system.census_hour, file.system.horizon_days) == (0, 84)
    assert (file.system.thresholds, file.system.quantiles) == ((0.9, 1.0), (0.1, 0.5, 0.9))
    assert file.context.holidays == "GB-ENG"
    assert file.context.events == (
        Event(date(2026, 1, 5), date(2026, 1, 7), "E1", "occupancy", EventKind.STRIKE, "porters"),
        Event(date(2026, 2, 1), date(2026, 2, 1), None, None, EventKind.EXCLUDE, ""),
    )
    assert file.context.school_terms == (SchoolTerm(date(2026, 1, 5), date(2026, 2, 13), None),)


def test_a_wide_source_maps_measures_to_columns_that_are_added_up(tmp_path: Path) -> None:
    source = read_system(write(tmp_path)).sources[0]
    assert (source.name, source.paths, source.place, source.day) == ("daily", ("extract/*.csv",), "code", "date")
    assert source.columns == {"occupancy": ("occupied",), "beds": ("occupied", "free")}
    assert (source.is_long, source.measure, source.value, source.stream, source.known_at) == (
        False,
        None,
        None,
        None,
        None,
    )
    assert source.ignore_places == frozenset()


def test_a_long_source_names_its_columns(tmp_path: Path) -> None:
    more = 'stream = "age"\nknown_at = "published"\nignore_places = ["ENG"]\n'
    source = read_system(write(tmp_path, system=SYSTEM + LONG_SOURCE + more)).sources[0]
    assert source.paths == ("a.csv", "b.csv")
    assert (source.is_long, source.measure, source.value) == (True, "m", "v")
    assert (source.stream, source.known_at, source.ignore_places) == ("age", "published", frozenset({"ENG"}))


def test_the_measures_are_those_that_the_sources_map_built_in_ones_first(tmp_path: Path) -> None:
    second = '[sources.calls]\npath = "c.csv"\nplace = "p"\nday = "d"\nmeasures = { calls = "n", attendances = "a" }\n'
    system = read_system(write(tmp_path, system=SYSTEM + MEASURES + second + SOURCES)).system
    assert names(system.measures) == ["attendances", "occupancy", "beds", "calls"]
    assert system.measure_by_name["calls"] == Measure("calls", Kind.FLOW, "calls")
    assert system.measure_by_name["beds"] == Measure("beds", Kind.CAPACITY, "beds")


def test_a_long_source_may_bring_any_measure(tmp_path: Path) -> None:
    system = read_system(write(tmp_path, system=SYSTEM + MEASURES + LONG_SOURCE)).system
    assert names(system.measures) == ["attendances", "admissions", "discharges", "occupancy", "beds", "calls"]


@pytest.mark.parametrize(
    ("table", "measure"),
    [
        ('[measures.calls]\nkind = "flow"', Measure("calls", Kind.FLOW, "patients")),
        ('[measures.calls]\nkind = "stock"', Measure("calls", Kind.STOCK, "beds")),
        ('[measures.calls]\nkind = "capacity"', Measure("calls", Kind.CAPACITY, "beds")),
        ('[measures.calls]\nkind = "stock"\nunit = "waiting"', Measure("calls", Kind.STOCK, "waiting")),
        ('[measures.attendances]\nkind = "flow"', Measure("attendances", Kind.FLOW, "patients")),
        ('[measures.attendances]\nkind = "flow"\nunit = "people"', Measure("attendances", Kind.FLOW, "people")),
    ],
)
def test_a_measure_may_be_declared_and_a_built_in_one_declared_again(
    tmp_path: Path, table: str, measure: Measure
) -> None:
    system = read_system(write(tmp_path, system=f"{SYSTEM}\n{table}\n{LONG_SOURCE}", events="from,to,kind\n")).system
    assert system.measure_by_name[measure.name] == measure


@pytest.mark.parametrize(
    ("places", "tree"),
    [
        ("place\nE1\nE2\n", {"north": None, "E1": "north", "E2": "north"}),
        ("place,parent\nE1,east\neast,\n", {"north": None, "E1": "east", "east": "north"}),
        ("place,parent\nE1,north\nnorth,\n", {"north": None, "E1": "north"}),
        ("place,parent\nE1,\n\nnorth,\n", {"north": None, "E1": "north"}),
        ("place,parent\nd,c\nc,b\nb,E1\nE1,\n", {"north": None, "d": "c", "c": "b", "b": "E1", "E1": "north"}),
        ("\ufeffplace,parent\nE1,\n", {"north": None, "E1": "north"}),
    ],
)
def test_places_make_a_tree_of_any_depth_with_the_root_first(
    tmp_path: Path, places: str, tree: dict[str, str | None]
) -> None:
    system = read_system(write(tmp_path, places=places)).system
    assert {place.id: place.parent for place in system.places} == tree
    assert system.places[0].id == "north"


def test_a_place_is_named_by_its_code_and_a_site_unless_said_otherwise(tmp_path: Path) -> None:
    system = read_system(write(tmp_path)).system
    assert system.places == (
        Place("north", None, "north", "system"),
        Place("east", "north", "East Trust", "trust"),
        Place("E1", "east", "E1", "site"),
    )


def test_inline_places_are_the_same_as_a_file_of_them(tmp_path: Path) -> None:
    inline = (
        '[[places]]\nplace = "east"\nname = "East Trust"\nkind = "trust"\n[[places]]\nplace = "E1"\nparent = "east"\n'
    )
    listed = read_system(write(tmp_path)).system.places
    without_file = FILES["system.toml"].replace('places = "places.csv"\n', "")
    assert read_system(write(tmp_path, system=without_file + inline)).system.places == listed
