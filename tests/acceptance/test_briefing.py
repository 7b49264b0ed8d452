"""`headroom briefing` as a process: what it writes and how it ends, with a store that is there, empty or lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publication.days import today
from publication.store import Store, default_url
from tests.browser.publications import many, morning
from tests.unit.cli.commands import process

SYSTEM = """
[system]
name = "northshire"
timezone = "Europe/London"
holidays = "GB-ENG"

[[places]]
place = "northshire"
parent = ""
name = "Northshire"
kind = "system"

[sources.daily]
path = "extract.csv"
place = "code"
day = "date"
measures = { occupancy = "occupancy" }
"""
LIMIT_BLOCKS = 256  # of 512 bytes: less than the briefing of 150 places, more than any file that is read needs
LIMITED = ("sh", "-c", f'ulimit -f {LIMIT_BLOCKS} && exec "$@"', "sh")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a system without any publication."""
    (tmp_path / "system.toml").write_text(SYSTEM)
    store = Store(default_url(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    store.prepare()
    store.close()
    return tmp_path / "home"


def issue_yesterdays(home: Path, n_places: int = 0) -> None:
    """Issue a publication for yesterday's data: of the six hospitals, or of so many places."""
    store = Store(default_url(home))
    store.issue(many(n_places) if n_places else morning(today(datetime.now(UTC), "Europe/London") - timedelta(days=1)))
    store.close()


def where(home: Path) -> tuple[object, ...]:
    return "briefing", "--system", home.parent / "system.toml", "--home", home


def test_a_file_and_text_of_todays_publication(home: Path, tmp_path: Path) -> None:
    issue_yesterdays(home)
    out = tmp_path / "briefing.html"
    ended = process(*where(home), "--out", out)
    assert (ended.exit_code, ended.out, ended.err) == (0, "", "")
    text = process(*where(home), "--text")
    assert (text.exit_code, text.err) == (0, "")
    html = out.read_text(encoding="utf-8")
    for words in ("Up to date", "St Anne&#39;s &amp; Quay", "<style>"):
        assert words in html
    assert "Up to date: data to" in text.out
    assert "\nSt Anne's & Quay" in text.out


def test_nothing_published(home: Path, tmp_path: Path) -> None:
    ended = process(*where(home), "--out", tmp_path / "briefing.html")
    assert (ended.exit_code, ended.out) == (4, "")
    assert ended.err.endswith(
        "No publication has been issued yet. Run `headroom daily --system system.toml` with the same --home or store.\n"
    )
    assert not (tmp_path / "briefing.html").exists()


def test_a_store_out_of_reach(home: Path) -> None:
    ended = process(*where(home), HEADROOM_STORE_URL="postgresql://127.0.0.1:1/none")
    assert (ended.exit_code, ended.out) == (6, "")
    assert "postgresql://127.0.0.1:1/none" in ended.err


def test_a_disk_that_is_full_leaves_the_old_file(home: Path, tmp_path: Path) -> None:
    """Stands for a full disk: a limit of the shell on the size of each file."""
    issue_yesterdays(home, n_places=150)
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "briefing.html"
    out.write_text("of yesterday")
    ended = process(*where(home), "--out", out, prefix=LIMITED)
    assert ended.exit_code == 2
    assert f"Writing the briefing to {out}: File too large. Choose another --out." in ended.err
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("briefing.html", "of yesterday")]
    assert process(*where(home), "--out", out).exit_code == 0
    assert out.stat().st_size > 512 * LIMIT_BLOCKS
