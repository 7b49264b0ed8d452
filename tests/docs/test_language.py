"""Every page has short sentences. tests/architecture/test_words.py holds the words."""

from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, documents
from tests.docs.pages import blocks, name_of, sentences

LONGEST_WORDS = 35
LONGEST_README_WORDS = 300  # without its code blocks


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_no_sentence_is_long(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    long = [sentence for sentence in sentences(text) if len(sentence.split()) > LONGEST_WORDS]
    assert long == []


def test_readme_is_read_in_a_minute() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sum(len(sentence.split()) for sentence in sentences(text)) <= LONGEST_README_WORDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("# Title\nA line\nand the next.", ["# Title A line and the next."]),
        ("- an item\n- another: with a colon; and more", ["an item", "another: with a colon; and more"]),
        ("| a cell | `some code` here |\n|---|---|", ["a cell", "CODE here", "---", "---"]),
        ("See [the page](page.md).\n\n```sh\nmake a very long command. Yes.\n```", ["See the page."]),
    ],
)
def test_sentences_are_cut_at_the_right_places(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


def test_blocks_have_a_language_and_their_mark() -> None:
    (block,) = blocks("<!-- not run: a reason -->\n```sh\nmake\n```\n")
    assert (block.language, block.text, block.mark, block.said) == ("sh", "make\n", "not run", "a reason")
