"""`headroom repair` on stores that are damaged at every place: what can be read is saved, and nothing else."""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from publication.store import Store
from tests.builders import CUTOFF
from tests.contract.backup.homes import Home, empty_home, filled_home, rows
from tests.contract.store.witness import ask, tell

PAGE = 4096
MORE_DAYS = 12


def damage(file: Path, where: slice) -> None:
    """Overwrite bytes by others."""
    content = bytearray(file.read_bytes())
    content[where] = b"\xa5" * len(content[where])
    file.write_bytes(content)


DAMAGED: dict[str, tuple[Callable[[Path], None], int]] = {
    "the first bytes": (lambda file: damage(file, slice(0, 64)), MORE_DAYS + 3),
    "a page in the middle": (lambda file: damage(file, middle(file)), 1),
    "the last page": (lambda file: damage(file, slice(-PAGE, None)), 1),
    "cut off": (lambda file: os.truncate(file, file.stat().st_size // 2), 0),
    "all of it": (lambda file: damage(file, slice(None)), 0),
    "a few bytes left": (lambda file: os.truncate(file, 50), 0),
}
"""Damages, and the fewest publications that can be saved."""


def middle(file: Path) -> slice:
    start = file.stat().st_size // PAGE // 2 * PAGE
    return slice(start, start + PAGE)


@pytest.fixture
def longer(tmp_path: Path, template: Path) -> Home:
    """A home with more publications than fit on a page."""
    home = filled_home(tmp_path / "home", template)
    for n in range(3, 3 + MORE_DAYS):
        home.issue(n)
    tell(home.store_url, "PRAGMA wal_checkpoint(TRUNCATE)")
    return home


def documents(url: str) -> dict[tuple[object, ...], object]:
    found = ask(url, "SELECT cutoff, revision, digest, document FROM publications")
    return {tuple(key): document for *key, document in found}


@pytest.mark.parametrize("where", DAMAGED)
def test_what_can_be_read_is_saved_and_the_rest_put_aside(longer: Home, where: str) -> None:
    file, (damage_it, fewest) = longer.folder / "publications.db", DAMAGED[where]
    before = documents(longer.store_url)
    damage_it(file)
    damaged = file.read_bytes()
    ended = longer.run("repair")
    assert "It was made anew." in ended.out
    saved = documents(longer.store_url)
    assert saved.items() <= before.items()
    assert len(saved) >= fewest
    assert f"{len(saved)} of its publications were saved" in ended.out
    (aside,) = longer.folder.glob("replaced-*")
    assert (aside / "publications.db").read_bytes() == damaged
    assert "is sound" in longer.run("repair").out
    longer.issue(99)
    with closing(Store(longer.store_url)) as store:
        assert store.latest().cutoff == CUTOFF + timedelta(days=99)
        assert store.live_scores("northshire") is None


def test_a_publication_whose_content_is_damaged_is_left_out(longer: Home) -> None:
    before = documents(longer.store_url)
    tell(longer.store_url, f"UPDATE publications SET document = x'00' WHERE cutoff = '{CUTOFF}'")
    ended = longer.run("repair")
    assert "1 rows were not readable" in ended.out
    assert documents(longer.store_url) == {key: document for key, document in before.items() if key[0] != str(CUTOFF)}


def test_a_sound_store_is_left_as_it_is(home: Home) -> None:
    before = rows(home.store_url)
    assert "is sound. Nothing was changed." in home.run("repair").out
    assert rows(home.store_url) == before
    assert not list(home.folder.glob("replaced-*"))


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/store", "sqlite:////nowhere/at/all.db"])
def test_where_there_is_no_file_another_command_is_named(home: Home, url: str) -> None:
    ended = empty_home(home.folder, home.system, url).run("repair", allowed=2)
    assert "`headroom restore` brings back a backup" in ended.err


@pytest.mark.parametrize("where", ["the first bytes", "a page in the middle", "all of it"])
def test_daily_says_so_before_its_work(longer: Home, where: str) -> None:
    DAMAGED[where][0](longer.folder / "publications.db")
    ended = longer.run("daily", allowed=6)
    assert ended.err.startswith("DamagedStoreError: Reading ")
    assert ended.err.rstrip().endswith("Run `headroom repair`.")
    assert ended.out == "", "nothing was ingested before"


DAMAGED_PUBLICATIONS = {
    "its document": ("document = x'00'", False),
    "its row": ("revision = 'first'", True),
}


@pytest.mark.parametrize(("changed", "is_raised"), DAMAGED_PUBLICATIONS.values(), ids=DAMAGED_PUBLICATIONS)
def test_daily_reads_the_newest_publication_first_and_goes_on_where_it_can_issue_another(
    longer: Home, changed: str, is_raised: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an extract, what goes on ends with the ingest, exit code 3."""
    newest = CUTOFF + timedelta(days=MORE_DAYS + 2)
    tell(longer.store_url, f"UPDATE publications SET {changed} WHERE cutoff = '{newest}'")
    gone = longer.system.with_name("gone.toml")
    gone.write_text(longer.system.read_text().replace("extract/", "nowhere/"))
    ended = replace(longer, system=gone).run("daily", allowed=4 if is_raised else 3)
    assert ("MalformedPublicationError" in ended.err, "It is issued again" in caplog.text) == (is_raised, not is_raised)
    assert is_raised or str(newest) in caplog.text
