"""Pages of the docs: their code blocks, with the marks above them, and their sentences.

A mark is an HTML comment on the line above a block. It is not visible on the page:

    <!-- not run: REASON -->         the block is not run; tests/docs/test_commands.py lists it
    <!-- file: PATH -->              the block is written to this file
    <!-- run before: COMMAND -->     what the story needs first, and a reader does not
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.repository import ROOT

BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[a-z ]+): (?P<said>.*?) -->\n)?```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.M | re.S
)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
LIST_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")
SHELL = "sh"


@dataclass(frozen=True)
class Block:
    """A fenced code block; `mark` and `said` are empty without a comment above it."""

    language: str
    text: str
    mark: str = ""
    said: str = ""

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0]


def guides() -> list[Path]:
    """README and every page of tutorial and how-to."""
    return [
        ROOT / "README.md",
        *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
        *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    ]


def name_of(page: Path) -> str:
    """Return the path of a page below the checkout."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = [
        Block(match["language"], match["text"], match["mark"] or "", match["said"] or "")
        for match in BLOCK.finditer(text)
    ]
    assert len(found) == len(re.findall(r"^```", text, re.M)) / 2, "a fence that is never closed"
    return found


def headings(text: str) -> list[str]:
    """Return the headings of the sections of a page."""
    return re.findall(r"^## (.+)$", text, re.M)


def section(text: str, heading: str) -> str:
    """Return what is below a heading, up to the next of its rank."""
    (found,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return str(found)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a page.

    A sentence ends with a full stop, a question or exclamation mark, and at the end of a paragraph, heading, list item
    or table cell. A colon or semicolon does not end it. Code blocks and comments are left out.
    A span of code is one word.
    """
    prose = BLOCK.sub("\n", text)
    prose = re.sub(r"<!--.*?-->", "", prose, flags=re.S)
    prose = re.sub(r"`[^`]*`", "CODE", prose)
    prose = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", prose)
    for paragraph in re.split(r"\n\s*\n", prose):
        for part in _parts(paragraph):
            yield from filter(None, SENTENCE_END.split(part.strip()))


def _parts(paragraph: str) -> Iterator[str]:
    """Yield headings, list items and table cells one by one, and other lines joined."""
    joined: list[str] = []
    for line in paragraph.splitlines():
        if line.startswith("|"):
            yield from line.split("|")
        elif line.startswith("#") or LIST_ITEM.match(line):
            yield " ".join(joined)
            joined = [LIST_ITEM.sub("", line)]
        else:
            joined.append(line)
    yield " ".join(joined)
