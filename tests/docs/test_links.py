"""Links of pages outside docs/ lead to files and headings that exist; `make docs` checks those inside."""

import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    links = LINK.findall(page.read_text(encoding="utf-8"))
    targets = [(page.parent / path if path else page, anchor) for path, anchor in links]
    assert [str(path) for path, _ in targets if not path.exists()] == []
    assert [anchor for path, anchor in targets if anchor and anchor not in anchors(path)] == []


def test_there_are_links_to_check() -> None:
    assert len(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))) >= 6


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as MkDocs and repositories make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_page_on_reliability_names_tests_that_exist_and_says_which_are_drills() -> None:
    text = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`( \(drill\))?", text)
    assert len(named) > 20
    for path, drill in named:
        assert ("mark.drill" in (ROOT / path).read_text(encoding="utf-8")) == bool(drill), path
