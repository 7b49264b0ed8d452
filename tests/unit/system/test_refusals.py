"""Every way a system file can be wrong, and the error that its author reads."""

from pathlib import Path

import pytest

from tests.unit.system.small import FILES, MEASURES, SOURCES, SYSTEM, write
from training.errors import SystemFileError, UsageError
from training.system.reading import read_system

COMPLETE = FILES["system.toml"]
ZONE = 'timezone = "Europe/London"'
MAPPED = 'measures = { occupancy = "occupied", beds = ["occupied", "free"] }'


@pytest.mark.parametrize(
    ("old", "new", "fragments"),
    [
        ("[system]", "[system", ["it is not TOML", "line 1"]),
        (COMPLETE, "", ["system is missing", "sources is missing"]),
        ("[sources.daily]", "[source.daily]", ["source is not a known key", "Did you mean sources?"]),
        ('place = "code"', 'plce = "code"', ["sources.daily.plce is not a known key", "Did you mean place?"]),
        ('place = "code"', "", ["sources.daily: found this table", "give place = 'column', or place_columns"]),
        ('day = "date"', "", ["sources.daily: found this table", "give day = 'column' for daily rows, or time"]),
        ('day = "date"', 'time = "at"', ["it has time and no aggregate", "census"]),
        ('day = "date"', 'day = "date"\ntime = "at"', ["give day = 'column' for daily rows, or time"]),
        ('day = "date"', 'day = "date"\naggregate = "census"', ["aggregate = 'census' needs the time of each row"]),
        ('day = "date"', 'day = "date"\naggregate = "median"', ["aggregate: found 'median'", "'sum'", "'census'"]),
        ('day = "date"', 'time = "at"\naggregate = "sum"\ncensus_within_hours = 2', ["is for aggregate = 'census'"]),
        ('day = "date"', 'time = "at"\naggregate = "census"\ncensus_within_hours = 13', ["found 13", "12 or less"]),
        ('day = "date"', 'time = "at"\naggregate = "sum"\ntimezone = "Mars"', ["timezone: found 'Mars'", "IANA"]),
        ('place = "code"', 'place = "code"\nplace_columns = "*"', ["give place = 'column', or place_columns"]),
        ('place = "code"', 'place_columns = ["A", "B"]', ["one measure and '*'"]),
        ('day = "date"', 'day = "date"\nencoding = "latin-99"', ["encoding: found 'latin-99'", "windows-1252"]),
        ('day = "date"', 'day = "date"\nheader_row = 0', ["header_row", "found 0", "1 or more"]),
        ('day = "date"', 'day = "date"\nheader_row = [15, 14]', ["header_row: found [15, 14]", "like [14, 15]"]),
        ('day = "date"', 'day = "date"\nthousands = "."', ["decimal and thousands are the same sign"]),
        ('day = "date"', 'day = "date"\nthousands = "x"', ["thousands: found 'x'", "give ',', '.'"]),
        ('day = "date"', 'day = "date"\nsuppressed = { "<5" = -1 }', ["suppressed", "found -1", "0 or more"]),
        ('day = "date"', "day = 3", ["sources.daily.day: found 3", "text in quotes"]),
        ('unit = "calls"', 'units = "calls"', ["measures.calls.units is not a known key", "Did you mean unit?"]),
        ('kind = "flow"', 'kind = "share"', ["measures.calls.kind: found 'share'", "'capacity' or 'rate'"]),
        ('kind = "flow"', 'kind = "rate"', ["measures.calls.unit: found 'calls'", "a rate is in percent", "by 100"]),
        ("[measures.calls]", "[measures.beds]", ["measures.beds.kind: found 'flow'", "built in as a capacity"]),
        ("[measures.calls]", '[measures."a/b"]', ["measures.a/b: found 'a/b'", "separates"]),
        ('name = "north"', "", ["system.name is missing"]),
        ('name = "north"', 'name = ""', ["system.name: found ''", "it is empty"]),
        ('name = "north"', 'name = "a/b"', ["system.name: found 'a/b'", "separates place and measure"]),
        ('name = "north"', 'name = "a:b"', ["system.name: found 'a:b'", "it contains ':'", "MLflow"]),
        ('name = "north"', 'name = "a@b"', ["system.name: found 'a@b'", "it contains '@'"]),
        ('name = "north"', 'name = ".a"', ["system.name: found '.a'", "begins with a letter or a digit"]),
        ('name = "north"', 'name = " a"', ["system.name: found ' a'", "blanks around it"]),
        ('name = "north"', "name = 5", ["system.name: found 5", "give text in quotes"]),
        (ZONE, "", ["system.timezone is missing"]),
        (ZONE, 'timezone = "London"', ["system.timezone: found 'London'", "like Europe/London"]),
        (ZONE, 'timezone = "Europe"', ["system.timezone: found 'Europe'", "like Europe/London"]),
        (ZONE, 'timezone = "../x"', ["system.timezone: found '../x'", "like Europe/London"]),
        (ZONE, f'{ZONE}\nholiday = "PT"', ["system.holiday is not a known key", "Did you mean holidays?"]),
        (ZONE, f'{ZONE}\nqqq = "PT"', ["system.qqq is not a known key", "Known: name, timezone"]),
        (ZONE, f'{ZONE}\nholidays = "XX"', ["system.holidays: found 'XX'", "no country 'XX'", "GB-ENG"]),
        (ZONE, f'{ZONE}\nholidays = "GB-XX"', ["system.holidays: found 'GB-XX'", "no subdivision 'XX'", "ENG"]),
        (ZONE, f"{ZONE}\ncensus_hour = 24", ["system.census_hour: found 24", "23 or less"]),
        (ZONE, f"{ZONE}\ncensus_hour = 8.5", ["system.census_hour: found 8.5", "a whole number"]),
        (ZONE, f'{ZONE}\ncensus_hour = "8"', ["system.census_hour: found '8'", "a whole number"]),
        (ZONE, f"{ZONE}\nhorizon_days = 0", ["system.horizon_days: found 0", "1 or more"]),
        (ZONE, f"{ZONE}\nhorizon_days = 85", ["system.horizon_days: found 85", "84 or less"]),
        (ZONE, f"{ZONE}\nthresholds = []", ["system.thresholds: found []", "at least one"]),
        (ZONE, f"{ZONE}\nthresholds = 0.9", ["system.thresholds: found 0.9", "a list"]),
        (ZONE, f"{ZONE}\nthresholds = [0.0]", ["system.thresholds.0: found 0.0", "above 0"]),
        (ZONE, f"{ZONE}\nthresholds = [85.0]", ["system.thresholds.0: found 85.0", "2 or less"]),
        (ZONE, f"{ZONE}\nthresholds = [0.9, 0.8]", ["system.thresholds: found [0.9, 0.8]", "must increase"]),
        (ZONE, f"{ZONE}\nquantiles = [0.5, 0.5]", ["system.quantiles: found [0.5, 0.5]", "must increase"]),
        (ZONE, f"{ZONE}\nquantiles = [0.5, 1.0]", ["system.quantiles.1: found 1.0", "below 1"]),
        (ZONE, f'{ZONE}\nquantiles = [0.5, "x"]', ["system.quantiles.1: found 'x'", "give a number"]),
        (SOURCES, "", ["sources is missing"]),
        (SOURCES, "[sources]", ["sources: found", "at least one"]),
        ('path = "extract/*.csv"', "", ["sources.daily: found this table", "it has no path"]),
        ('path = "extract/*.csv"', "path = []", ["sources.daily.path: found []", "at least one"]),
        ('path = "extract/*.csv"', 'url = "sqlite://"', ["sources.daily: found this table", "a url and no query"]),
        ('path = "extract/*.csv"', 'query = "select 1"', ["sources.daily: found this table", "it has no path"]),
        ('day = "date"', 'day = "date"\nsheet = "July"', ["sources.daily.sheet: found 'July'", "has no sheets"]),
        (
            'path = "extract/*.csv"',
            'url = "sqlite://"\nquery = "select 1"\nsheet = "July"',
            ["sources.daily.sheet: found 'July', but a query has no sheets"],
        ),
        ('day = "date"', 'day = "date"\nday_format = "dd/mm/yyyy"', ["day_format: found 'dd/mm/yyyy'", "%d/%m/%Y"]),
        ('day = "date"', 'day = "date"\nday_format = "%d/%m"', ["day_format: found '%d/%m'", "%d/%m/%Y"]),
        ('day = "date"', 'day = "date"\nday_format = "%Q"', ["day_format: found '%Q'", "%d/%m/%Y"]),
        (
            'day = "date"',
            'day = "date"\nmax_rejected_share = 1.5',
            ["sources.daily.max_rejected_share: found 1.5", "1 or less"],
        ),
        (ZONE, f"{ZONE}\nmax_rejected_share = -0.1", ["system.max_rejected_share: found -0.1", "0 or more"]),
        ('path = "extract/*.csv"', 'path = "x"\nurl = "y"', ["sources.daily: found this table", "both path and url"]),
        (MAPPED, "", ["sources.daily: found this table", "measures = {", "measure and value"]),
        (MAPPED, f'{MAPPED}\nmeasure = "m"\nvalue = "v"', ["sources.daily", "measures = {"]),
        (MAPPED, 'measure = "m"', ["sources.daily", "needs both measure and value"]),
        (MAPPED, "measures = {}", ["sources.daily.measures: found this table", "at least one"]),
        (MAPPED, "measures = { beds = [] }", ["sources.daily.measures.beds: found []", "at least one"]),
        (MAPPED, "measures = { beds = 1 }", ["sources.daily.measures.beds: found 1", "a list"]),
        (
            MAPPED,
            'measures = { bedds = "b" }',
            ["sources.daily.measures.bedds", "Did you mean beds?", "[measures.bedds]"],
        ),
        (SOURCES, f'{SOURCES}\n[[places]]\nplace = "a"', ["system.places", "[[places]]", "Keep one"]),
        (SOURCES, f'{SOURCES}\n[[places]]\nid = "a"', ["places.0.id is not a known key", "places.0.place is missing"]),
    ],
)
def test_a_wrong_system_file_is_rejected_with_file_key_finding_and_advice(
    tmp_path: Path, old: str, new: str, fragments: list[str]
) -> None:
    assert old in COMPLETE
    path = write(tmp_path, system=COMPLETE.replace(old, new))
    with pytest.raises(SystemFileError) as raised:
        read_system(path)
    for fragment in [str(path), *fragments]:
        assert fragment in str(raised.value)


@pytest.mark.parametrize(
    ("places", "fragments"),
    [
        ("", ["places.csv line 1: found nothing", "place,parent,name,kind"]),
        ("parent,name\n", ["places.csv line 1: found parent,name", "place,parent,name,kind"]),
        ("place,place\n", ["places.csv line 1: found place,place"]),
        ("place,parnt\n", ["places.csv line 1: 'parnt' is not a known column", "Did you mean parent?"]),
        ("place\nE1\nE2\nE1\n", ["places.csv line 4: place E1 is listed twice", "line 2"]),
        ("place\nE1\n\nE1\n", ["places.csv line 4: place E1 is listed twice", "line 2"]),
        ("place,parent\nE1,eats\neast,\n", ["line 2: the parent of E1 is 'eats'", "Did you mean east?"]),
        ("place,parent\nE1,E2\nE2,E3\nE3,E2\n", ["line 3: the parents of E2", "E2 < E3 < E2"]),
        ("place,parent\nE1,E1\n", ["line 2: the parents of E1", "E1 < E1"]),
        ("place,parent\nnorth,E1\nE1,\n", ["line 2: north is the root", "'E1'"]),
        ("place\nE/1\n", ["places.csv line 2: place: found 'E/1'", "separates"]),
        ("place\nE1 \n", ["places.csv line 2: place: found 'E1 '", "blanks around it"]),
        ("place,name\n,East\n", ["places.csv line 2: place: found ''", "it is empty"]),
        ("place,name\nE1,East, of it\n", ["places.csv line 2: found 3 cells under 2 columns"]),
        ('place,name\nE1,"East\n', ["places.csv: it cannot be read as CSV"]),
    ],
)
def test_places_that_make_no_tree_are_rejected_with_their_line(
    tmp_path: Path, places: str, fragments: list[str]
) -> None:
    path = write(tmp_path, places=places)
    with pytest.raises(SystemFileError) as raised:
        read_system(path)
    for fragment in fragments:
        assert fragment in str(raised.value)


@pytest.mark.parametrize(
    ("file", "row", "fragments"),
    [
        ("events", "2026-01-05,2026-01-07,eats,,strike,", ["line 2: place: found 'eats'", "Did you mean east?"]),
        ("events", "2026-01-05,2026-01-07,,bed,strike,", ["line 2: measure: found 'bed'", "Did you mean beds?"]),
        ("events", "2026-01-05,2026-01-07,,,strikes,", ["line 2: kind: found 'strikes'", "Did you mean strike?"]),
        ("events", "2026-01-05,2026-01-07,,,,", ["line 2: kind is empty", "strike, closure, divert"]),
        ("events", "05/01/2026,2026-01-07,,,strike,", ["line 2: from: found '05/01/2026'", "2026-02-03"]),
        ("events", "2026-01-05,,,,strike,", ["line 2: to: found ''", "2026-02-03"]),
        ("events", "2026-01-05,2026-01-04,,,strike,", ["line 2: to: found 2026-01-04", "before from (2026-01-05)"]),
        ("events", "2026-01-05,2026-01-07,,,strike,a,b", ["line 2: found 7 cells under 6 columns"]),
        ("terms", "2026-01-05,2026-01-07,E9", ["line 2: place: found 'E9'", "Known: north, east, E1."]),
        ("terms", "2026-01-05,2025-01-07,", ["line 2: to: found 2025-01-07"]),
    ],
)
def test_a_wrong_row_of_events_or_terms_is_rejected_with_its_line(
    tmp_path: Path, file: str, row: str, fragments: list[str]
) -> None:
    header = FILES[f"{file}.csv"].splitlines()[0]
    path = write(tmp_path, **{file: f"{header}\n{row}\n"})
    with pytest.raises(SystemFileError) as raised:
        read_system(path)
    for fragment in [f"{file}.csv", *fragments]:
        assert fragment in str(raised.value)


@pytest.mark.parametrize("name", ["places", "events", "terms"])
def test_a_file_that_the_system_names_and_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path)
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(SystemFileError, match=rf"{name}\.csv: there is no such file"):
        read_system(path)


@pytest.mark.parametrize("content", [b"\xff\xfe[", 'name = "M\u00fcnster"'.encode("latin-1")])
def test_a_system_file_in_another_encoding_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "system.toml"
    path.write_bytes(content)
    with pytest.raises(SystemFileError, match="UTF-8"):
        read_system(path)


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_a_system_file_that_is_not_there_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_system(tmp_path / name)


def test_places_may_be_wrong_inline_too(tmp_path: Path) -> None:
    system = SYSTEM.replace('places = "places.csv"\n', "")
    path = write(tmp_path, system=f'{system}{MEASURES}{SOURCES}\n[[places]]\nplace = "a"\nparent = "b"\n')
    with pytest.raises(SystemFileError, match=r"\[\[places\]\] number 1: the parent of a is 'b'"):
        read_system(path)
