"""`headroom simulate` as a person meets it."""

from pathlib import Path

import pytest

from tests.unit.cli.commands import headroom
from tests.unit.simulate.reading import files

SMALL = ("--seed", 3, "--days", 250, "--trusts", 1, "--sites", 3)
EVERY_OPTION = (
    *("--wards", 2, "--strikes", "--lockdown", "--merger", "--census-hour", 7),
    *("--faults", "gap,late", "--faults", "spike"),
)


def test_every_option_is_taken(tmp_path: Path) -> None:
    ended = headroom("simulate", "--out", tmp_path / "system", *SMALL, *EVERY_OPTION)
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.startswith("Wrote 250 days of 3 sites in ")
    assert "Every fault of the feed is listed in" in ended.out
    written = files(tmp_path / "system")
    found = {line.split(",")[0] for line in written["faults.csv"].decode().splitlines()[1:]}
    assert found == {"gap", "late", "spike"}
    assert b",strike," in written["events.csv"]
    assert b"valid_from" in written["places.csv"]
    assert b"census_hour = 7" in written["system.toml"]


def test_the_folder_is_clean_unless_asked_otherwise(tmp_path: Path) -> None:
    assert headroom("simulate", "--out", tmp_path, "--days", 20).exit_code == 0
    names = {Path(name).parts[0] for name in files(tmp_path)}
    assert names == {"system.toml", "places.csv", "events.csv", "terms.csv", "extract", "truth.csv"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--faults", "spkie"), "UsageError: --faults: found 'spkie', which is no fault. Did you mean spike?"),
        (("--truth", "2001-01-01"), "UsageError: Simulating a system: the truth for 2001-01-01 was asked for."),
        (("--merger", "--sites", 1), "UsageError: Simulating a system: a merger needs two sites in one trust."),
    ],
)
def test_what_cannot_be_ends_in_a_sentence(tmp_path: Path, options: tuple[object, ...], sentence: str) -> None:
    ended = headroom("simulate", "--out", tmp_path / "system", *SMALL, *options)
    assert ended.exit_code == 2
    assert ended.err.startswith(sentence)
    assert not (tmp_path / "system").exists()
