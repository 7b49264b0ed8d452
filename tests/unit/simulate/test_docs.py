"""docs/explanation/simulator.md names every option, file column, fault and number of the simulator, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer

from training.cli.main import app
from training.simulate import calendar, effects, faults, feed, mornings, places, run, scenario, sites
from training.simulate.scenario import FaultKind

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "simulator.md").read_text(encoding="utf-8")
OTHERS = (calendar, sites, places, scenario, feed, faults)
FACTS_OF_THE_CALENDAR = {"ONE_WEEK", "FRIDAY", "GOOD_FRIDAY", "BANK_HOLIDAYS", "CHRISTMAS_DAY", "DAYS_PER_YEAR"}
NAMES_OF_PLACES = {"ROOT_ID", "ROOT_NAME", "SITE_KIND", "FIRST_CODE", "LETTERS", "TOWNS", "HOUSES", "MERGED_SUFFIX"}
MADE_OF_OTHERS = {"FLOWS", "INNOVATION_SD", "STAYS"}
FORM_OF_DATA = {"HEADER", "HEADER_LINES", "LONG"}
NO_SIZES = FORM_OF_DATA | FACTS_OF_THE_CALENDAR | NAMES_OF_PLACES | MADE_OF_OTHERS
DEFINED = re.compile(r"^([A-Z][A-Z_]+) = ", re.MULTILINE)


def table(heading: str, section: str = "") -> list[tuple[str, str]]:
    """The first two columns of the table with this heading, after the section's title."""
    rows = PAGE.split(section)[1].split(f"\n| {heading} |")[1].split("\n\n")[0] if section else ""
    rows = rows or PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|", rows, flags=re.MULTILINE)


def numbers(*modules: ModuleType) -> Iterator[tuple[str, str]]:
    """Each named number that the modules define, and its value as the page writes it."""
    for module in modules:
        for name in DEFINED.findall(Path(str(module.__file__)).read_text(encoding="utf-8")):
            if name not in NO_SIZES:
                yield name, written(getattr(module, name))


def written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(written, value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def test_every_effect_size_is_listed_with_its_value() -> None:
    assert table("constant | value | meaning", "## Effect sizes") == list(numbers(effects))


def test_every_other_number_is_listed_with_its_value() -> None:
    listed, defined = table("constant | value | meaning", "## Other numbers"), list(dict(numbers(*OTHERS)).items())
    assert listed == defined


def test_every_option_is_documented() -> None:
    group = typer.main.get_command(app)
    options = [parameter.opts[0] for parameter in getattr(group, "commands")["simulate"].params]  # noqa: B009
    assert [name for name, _ in table("option | what it does | default")] == options


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("fault | what is wrong", list(FaultKind)),
        ("column of faults.csv | meaning", list(run.FAULTS_HEADER)),
        ("column of truth.csv | meaning", list(run.TRUTH_HEADER)),
    ],
)
def test_every_word_is_documented_and_nothing_else_is(heading: str, words: list[str]) -> None:
    assert [name for name, _ in table(heading)] == words


def test_the_mornings_of_the_demo_are_documented() -> None:
    section = PAGE.split("## Mornings of the demo")[1].split("\n## ")[0]
    *earlier, newest = mornings.SPIKES_DAYS_AGO
    assert f"the last {mornings.N_MORNINGS} cutoffs" in section
    assert f"{mornings.MORNING_HOUR:02}:00 local time" in section
    assert f"{', '.join(map(str, earlier))} and {newest} days before today" in section
    assert f"the line of {mornings.LATE_DAYS_AGO} days before today" in section
    assert ",".join(mornings.MORNINGS_HEADER) in section
