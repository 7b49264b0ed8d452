"""The briefing: the numbers of the page, in a file that loads nothing, and in text that a mail shows as it is."""

import argparse
import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from publication.store import Store, default_url
from service.__main__ import main
from service.commands import briefing
from service.errors import BriefingError
from tests.browser.publications import BEDS_MORE_YESTERDAY, HOSTILE, doubted, full, morning, plausible_scores
from tests.builders import CUTOFF
from tests.contract.service.client import Client, Clock, serve
from tests.html_tables import table

ADDRESS = "https://headroom.example.org/beds"
LONGEST_LINE = 100
LOADING = ("src", "srcset", "action", "poster", "background")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yesterday's publication and today's, with doubted days and live scores."""
    made = Store(default_url(tmp_path))
    made.prepare()
    made.save_live_scores(plausible_scores())
    made.issue(morning(CUTOFF - timedelta(days=1), beds_more=BEDS_MORE_YESTERDAY))
    made.issue(doubted(morning()))
    yield made
    made.close()


@pytest.fixture
def page(store: Store) -> Iterator[Client]:
    with serve(store, Clock()) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        client.get_until("/v1/scores", lambda scores: scores.json()["live_scores"] is not None)
        yield client


def written(
    store: Store, out: Path | None = None, address: str | None = None, *, as_text: bool = False, days_later: int = 0
) -> str:
    """Return the standard output of the command on the morning of the publication, or so many days later."""
    options = argparse.Namespace(out=out, address=address, text=as_text)
    clock = Clock()
    clock.pass_days(days_later)
    parts: list[str] = []
    asyncio.run(briefing.run(options, store, None, clock, parts.append))
    return "".join(parts)


class Addresses(HTMLParser):
    """The addresses in a page: those of links, and those that a browser would load by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href":
                (self.links if tag == "a" else self.loaded).append(value or "")
            elif name in LOADING:
                self.loaded.append(value or "")


def test_the_file_loads_nothing_and_leads_nowhere_without_an_address(store: Store) -> None:
    html = written(store)
    found = Addresses(html)
    assert found.loaded == []
    assert [link for link in found.links if link and not link.startswith("#")] == []
    assert not found.tags & {"script", "img", "iframe", "form", "object"}
    assert re.findall(r"https?:|url\(|@import", html) == []
    assert "<style>" in html


def test_links_lead_to_the_pages_of_the_service_at_the_address(store: Store, page: Client) -> None:
    html = written(store, address=f"{ADDRESS}/")
    found = Addresses(html)
    assert found.loaded == []
    outward = [link for link in found.links if not link.startswith("#")]
    assert {link for link in outward if "/places/" in link} == {
        f"{ADDRESS}/places/{place}" for place in ("RXH1", "RXH2", "RXH3", "RXK1", "RXK2", "RXK3")
    }
    for link in outward:
        assert link.startswith(f"{ADDRESS}/")
        assert page.get(link.removeprefix(ADDRESS)).status_code == 200


def test_tables_and_cards_are_those_of_the_page(store: Store, page: Client) -> None:
    html, shown = written(store), page.get("/?all=1").text
    assert table(html, "morning").rows == table(shown, "morning").rows
    assert table(html, "morning").titles == table(shown, "morning").titles
    assert table(html, "aid").rows == table(shown, "aid").rows
    assert len(table(html, "morning").rows) == 7
    for words in (r'id="status".*?</p>', r'<p class="big"><b>\d.*?</p>', r"<p>The 80 % interval held.*?</p>"):
        (here,), (there,) = re.findall(words, html), re.findall(words, shown)
        assert here == there


def test_the_text_has_the_numbers_of_the_page(store: Store, page: Client) -> None:
    text = written(store, as_text=True)
    blocks = re.split(r"\n(?=\S)", text)
    for name, cells in table(page.get("/?all=1").text, "morning").by_place().items():
        (block,) = (block for block in blocks if name.startswith(block.splitlines()[0].split(" [")[0]))
        today, tomorrow = (re.sub(r"^(\S+) (.*)$", r"\1 (\2)", cells[head]) for head in ("Free today", "Free tomorrow"))
        assert f"free today {today}; tomorrow {tomorrow}; since yesterday {cells['Since yesterday']}" in block
        assert (
            f"{cells['Beds occupied']} of beds; above 95 %: {cells['Above 95 %']}; no bed: {cells['No bed']}" in block
        )
        assert f"discharges needed a day: {cells['Discharges needed a day']}" in block
        assert f"next 14 days: {cells['Next 14 days']}" in block
    for row in table(page.get("/?all=1").text, "aid").rows[1:]:
        assert f"{row[3]} beds of {row[0]} for {row[1]}, {row[2]}: {row[4]} -> {row[5]}" in text


def test_the_text_is_plain(store: Store) -> None:
    text = written(store, as_text=True, address=ADDRESS)
    sentences = [line for line in text.splitlines() if not line.startswith("DATA OF THE LAST WEEKS")]
    assert [line for line in sentences if len(line) > LONGEST_LINE] == []
    assert "&" not in text.replace("St Anne's & Quay", "")
    assert re.findall(r"<[a-z/]", text) == []
    assert f"{ADDRESS}/" in text.splitlines()[-1]


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    made = Store(default_url(tmp_path))
    made.prepare()
    made.issue(full())
    assert "script" not in Addresses(written(made)).tags
    assert HOSTILE in written(made, as_text=True)
    made.close()


@pytest.mark.parametrize(
    ("days_later", "words"),
    [(0, "Up to date"), (1, "Late"), (5, "Stale"), (40, "Every day of this publication is over.")],
)
def test_the_age_of_the_publication_is_in_both(store: Store, days_later: int, words: str) -> None:
    assert words in written(store, days_later=days_later)
    assert words in written(store, as_text=True, days_later=days_later)


def test_a_file_is_replaced_by_what_standard_output_would_have(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out" / "briefing.html"
    out.parent.mkdir()
    out.write_text("of yesterday")
    assert written(store, out) == ""
    assert out.read_text(encoding="utf-8") == written(store)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(("name", "cause"), [("folder", "Is a directory"), ("none/file", "No such file or directory")])
def test_a_file_that_cannot_be_written_is_an_error_that_names_it(
    store: Store, tmp_path: Path, name: str, cause: str
) -> None:
    folder = tmp_path / "out"
    (folder / "folder").mkdir(parents=True)
    with pytest.raises(BriefingError, match=rf"Writing the briefing to \S+{name}: {cause}\. Choose another --out\."):
        written(store, folder / name)
    assert [path.name for path in folder.iterdir()] == ["folder"]


@pytest.mark.parametrize("address", ["headroom.example.org", "ftp://example.org", "https://", "https://a.org/?x=1"])
def test_an_address_that_is_none_is_an_error_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path), "briefing", "--address", address], environ={})
    assert ended.value.code == 2
    assert "is no address of a service, such as https://headroom.example.org" in capsys.readouterr().err


def test_nothing_published_is_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(default_url(tmp_path))
    store.prepare()
    store.close()
    out = tmp_path / "briefing.html"
    assert main(["--home", str(tmp_path), "briefing", "--out", str(out)], environ={}) == 4
    assert "Writing the briefing: No publication has been issued yet." in capsys.readouterr().err
    assert not out.exists()
