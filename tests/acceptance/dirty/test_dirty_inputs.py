"""Dirty extracts, one fault or a pair in each: what is found, how severe it is, and how the ingest ends."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.dirty.faults import FILES, contents
from tests.unit.cli.commands import headroom

SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
holidays = "GB-ENG"
[[places]]
place = "A"
[[places]]
place = "B"
[[places]]
place = "C"
[[places]]
place = "\u00c9"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { attendances = "attendances", admissions = "admissions", discharges = "discharges", occupancy = "occupancy", beds = "beds" }
"""  # noqa: E501  # a line of TOML
CLOSED = SYSTEM.replace('place = "B"\n', 'place = "B"\nvalid_to = 2026-03-31\n')
LONG_CLOSED = SYSTEM.replace('place = "B"\n', 'place = "B"\nvalid_to = 2026-01-31\n')
GENEROUS = SYSTEM.replace("[sources.daily]", "[sources.daily]\nmax_rejected_share = 0.2")

DESCRIBED = {
    CLOSED: " of a closed place",
    LONG_CLOSED: " of a place long closed",
    GENEROUS: " and a generous max_rejected_share",
}

Findings = set[tuple[str, str, str]]


@dataclass(frozen=True)
class Dirty:
    """A file, and all that is found of it: severity, finding, and what it is found of (a column, or a series)."""

    file: str
    exit_code: int
    findings: Findings
    says: str = ""
    options: tuple[str, ...] = ()
    system: str = SYSTEM

    @property
    def name(self) -> str:
        described = DESCRIBED.get(self.system, "")
        return " ".join((self.file + described, *self.options))


def rejected(finding: str, column: str) -> tuple[str, str, str]:
    return ("rejected", finding, column)


def suspect(finding: str, *series: str) -> Findings:
    return {("suspect", finding, unique_id) for unique_id in series}


def noted(finding: str, *series: str) -> Findings:
    return {("noted", finding, unique_id) for unique_id in series}


MEASURES = ("attendances", "admissions", "discharges", "occupancy", "beds")
EVERY_SITE = ("A", "B", "C")
AT_A, AT_B, AT_C = ([f"{site}/{measure}" for measure in MEASURES] for site in EVERY_SITE)
NO_DISCHARGES = suspect("reporting failure", *(f"{site}/discharges" for site in EVERY_SITE))
STRICT = ("--strict",)

TABLE = [
    Dirty("clean", 0, set()),
    # Rows and counts that cannot be right.
    Dirty("unknown_place", 0, {rejected("unknown place", "code")} | noted("gap", *AT_A)),
    Dirty("day_of_another_form", 0, {rejected("unreadable day", "date")} | noted("gap", *AT_A)),
    Dirty("day_that_is_none", 0, {rejected("unreadable day", "date")} | noted("gap", *AT_A)),
    Dirty("day_with_an_hour", 0, {rejected("unreadable day", "date")} | noted("gap", *AT_A)),
    Dirty("text", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("not_available", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("unit", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("thousands", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("percent", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("full_width_digits", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("negative", 0, {rejected("negative count", "admissions")} | noted("gap", "A/admissions")),
    Dirty("minus_1", 0, {rejected("sentinel", "admissions")} | noted("gap", "A/admissions")),
    Dirty("minus_9", 0, {rejected("sentinel", "admissions")} | noted("gap", "A/admissions")),
    Dirty("minus_9999", 0, {rejected("sentinel", "occupancy")} | noted("gap", "A/occupancy")),
    Dirty("infinite", 0, {rejected("not finite", "occupancy")} | noted("gap", "A/occupancy")),
    Dirty("too_large", 0, {rejected("not finite", "occupancy")} | noted("gap", "A/occupancy")),
    Dirty("day_to_come", 0, {rejected("future day", "date")}),
    Dirty("conflicting", 0, {rejected("duplicate", "beds")} | {
        rejected("repeated row", measure) for measure in MEASURES if measure != "beds"}),
    Dirty("repeated", 0, {rejected("repeated row", measure) for measure in MEASURES}),
    Dirty("cell_missing", 0, {rejected("wrong number of cells", "")} | noted("gap", *AT_A)),
    Dirty("cell_too_many", 0, {rejected("wrong number of cells", "")} | noted("gap", *AT_A)),
    # What is well formed, if not pretty.
    Dirty("blank_cells", 0, noted("gap", "A/occupancy")),
    Dirty("blanks_around", 0, set()),
    Dirty("blank_lines", 0, set()),
    Dirty("semicolons", 0, set()),
    Dirty("tabs", 0, set()),
    Dirty("pipes", 0, set()),
    Dirty("for_excel", 0, set()),
    Dirty("gzipped", 0, set()),
    Dirty("utf_16", 0, set()),
    Dirty("byte_order_mark", 0, set()),
    Dirty("windows_lines", 0, set()),
    Dirty("latin_1", 0, noted("gap", *AT_A) | noted("silent", *(f"\u00c9/{measure}" for measure in MEASURES))),
    # Counts that can be, and are not to be believed.
    Dirty("spike", 0, suspect("spike", "A/attendances")),
    Dirty("dip", 0, suspect("spike", "B/admissions")),
    Dirty("beds_at_double", 0, suspect("spike", "B/beds")),
    Dirty("excursion", 0, suspect("excursion", "C/attendances")),
    Dirty("zero_at_one_site", 0, suspect("sudden zero", "B/admissions")),
    Dirty("zero_everywhere", 0, NO_DISCHARGES),
    Dirty("frozen", 0, suspect("frozen", "A/occupancy")),
    Dirty("ninety_nine", 0, suspect("sentinel", "A/occupancy")),
    Dirty("nine_hundred_and_ninety_nine", 0, suspect("sentinel", "A/attendances")),
    Dirty("nine_thousand_and_more", 0, suspect("sentinel", "A/occupancy")),
    Dirty("occupancy_above_beds", 0, suspect("above beds", "B/occupancy")),
    Dirty("half_of_the_newest_day", 0, suspect("partial day", *(f"{site}/attendances" for site in EVERY_SITE))),
    Dirty("total_off", 0, suspect("disagreeing total", "north/attendances")),
    Dirty("clean", 0, suspect("outside opening period", *AT_B), system=CLOSED),
    # What is noted, and used as it is.
    Dirty("outage", 0, noted("gap", *AT_A)),
    Dirty("late", 0, noted("late", *AT_C)),
    Dirty("silent", 0, noted("silent", *AT_C)),
    Dirty("unbalanced", 0, noted("unbalanced", "B/occupancy") | noted("level shift", "B/discharges")),
    Dirty("level_shift", 0, noted("level shift", "B/attendances")),
    # Pairs.
    Dirty("spike_and_text", 0,
          {rejected("unreadable count", "beds")} | noted("gap", "A/beds") | suspect("spike", "A/attendances")),
    Dirty("zero_everywhere_and_outage", 0, NO_DISCHARGES | noted("gap", *AT_A)),
    Dirty("minus_1_and_frozen", 0, {rejected("sentinel", "admissions")} | noted("gap", "B/admissions")
          | suspect("frozen", "A/occupancy")),
    # Suspect values are rejected on request.
    Dirty("spike", 0, {rejected("suspect", "attendances")} | noted("gap", "A/attendances"), options=STRICT),
    Dirty("zero_everywhere", 0, {rejected("suspect", "discharges")}
          | noted("gap", *(f"{site}/discharges" for site in EVERY_SITE)), options=STRICT),
    Dirty("clean", 3, {rejected("suspect", name) for name in MEASURES}, "max_rejected_share", STRICT, LONG_CLOSED),
    # All of a file is rejected.
    Dirty("every_place_unknown", 3, {rejected("unknown place", "code")}, "not one of 273 rows could be accepted"),
    Dirty("every_day_in_the_future", 3, {rejected("future day", "date")}, "not one of 273 rows could be accepted"),
    Dirty("a_twelfth_is_text", 3, {rejected("unreadable count", "beds")}, "max_rejected_share"),
    Dirty("a_twelfth_is_text", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds"), system=GENEROUS),
    Dirty("a_thirtieth_is_text", 0, {rejected("unreadable count", "beds")} | noted("gap", "A/beds")),
    Dirty("empty", 3, set(), "it is empty"),
    Dirty("header_alone", 3, set(), "a header but no rows"),
    Dirty("column_missing", 3, set(), "it has no column 'beds'"),
    Dirty("column_twice", 3, set(), "column 'beds' is there 2 times"),
    Dirty("quote_never_closed", 3, set(), "Correct the quotes there"),
    Dirty("below_titles", 3, set(), "write header_row = 3 under [sources.daily]"),
    Dirty("days_first", 3, {rejected("unreadable day", "date")}, 'write day_format = "%d/%m/%Y"'),
    Dirty("at_the_census_hour", 3, {rejected("unreadable day", "date")}, 'write time = "COLUMN" in place of day'),
    Dirty("days_of_excel", 3, {rejected("unreadable day", "date")}, 'write day_format = "excel"'),
    Dirty("decimal_commas", 3, {rejected("unreadable count", "beds")}, 'write decimal = ","'),
    Dirty("thousands_everywhere", 3, {rejected("unreadable count", "beds")}, 'write thousands = ","'),
    Dirty("small_counts_hidden", 3, {rejected("unreadable count", "beds")}, 'write suppressed = { "<5" = 2.5 }'),
    Dirty("words_for_nothing", 3, {rejected("unreadable count", "beds")}, 'write missing = ["n/a"]'),
    Dirty("a_workbook_by_name", 3, set(), "it has no column"),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_is_found_and_how_it_ends(row: Dirty, tmp_path: Path) -> None:
    (tmp_path / "system.toml").write_text(row.system, encoding="utf-8")
    shutil.copy(FILES / f"{row.file}.csv", tmp_path)
    home = tmp_path / "home"
    ended = headroom("ingest", "--system", tmp_path / "system.toml", "--home", home, *row.options)
    assert ended.exit_code == row.exit_code, ended
    assert "Traceback" not in ended.err
    assert row.says in ended.err
    assert quarantined(home) | found(home) == row.findings
    assert bool(list(home.rglob("*.parquet"))) is (row.exit_code == 0)


def quarantined(home: Path) -> Findings:
    rows = [row for file in (home / "quarantine").glob("*.csv") for row in table(file)]
    return {("rejected", row["reason"].split(":")[0], row["column"]) for row in rows}


def found(home: Path) -> Findings:
    rows = [row for file in (home / "findings").glob("*.csv") for row in table(file)]
    return {(row["severity"], row["check"], row["unique_id"]) for row in rows}


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_files_are_what_the_program_next_to_them_writes() -> None:
    written = {file.stem: file.read_bytes() for file in FILES.glob("*.csv")}
    assert written == contents()


def test_every_file_is_in_the_table() -> None:
    assert {file.stem for file in FILES.glob("*.csv")} == {row.file for row in TABLE}
    assert len({row.file for row in TABLE}) >= 40
