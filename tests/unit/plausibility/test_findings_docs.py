"""docs/reference/findings.md names every severity, check and column, and no other."""

import re
from pathlib import Path

import pytest

from publication.vocabulary import Check, Severity, Treatment
from training.history.plausibility.catalogue import SUSPECT_CHECKS
from training.history.plausibility.findings import FINDINGS
from training.history.plausibility.info_checks import INFO_NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("severity | what becomes of it", list(Severity)),
        ("check | when a day is found | shows after", [check.name for check in SUSPECT_CHECKS]),
        ("check | what it reports", list(INFO_NAMES)),
        ("check | of a publication", [Check.EXCLUDED, Check.CLOSED]),
        ("treatment | meaning", list(Treatment)),
        ("column | meaning", list(FINDINGS.columns)),
    ],
)
def test_every_word_is_documented_and_nothing_else_is(heading: str, words: list[str]) -> None:
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE) == words


def test_every_check_is_in_one_of_the_tables() -> None:
    named = [*(check.name for check in SUSPECT_CHECKS), *INFO_NAMES, Check.EXCLUDED, Check.CLOSED]
    assert sorted(named) == sorted(Check)
