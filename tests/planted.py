"""Secrets that tests plant where a person keeps one: the words of `planted.txt`. No output may show them.

The hooks of pytest, which `tests/conftest.py` takes from here, fail every test that shows a planted word, and take the
word out of the report.
"""

import base64
import re
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

WORDS = tuple((Path(__file__).parent / "planted.txt").read_text(encoding="utf-8").split())
HORSE, BATTERY, STAPLE, POSTGRESQL_PASSWORD, OPEN_SESAME, WRONG_GUESS = WORDS
MOST_OF_A_WORD = 6  # characters
MASK, WITHHELD = "(planted word)", "(withheld)"

Node = pytest.Item | pytest.Collector
Collected = Node | list[Node] | None


def planted_in(output: str | bytes, words: Sequence[str] = WORDS) -> list[str]:
    """The planted words in an output: as they are, in any case, percent-encoded, or in base64."""
    raw = output.encode(errors="surrogateescape") if isinstance(output, str) else output
    texts = [raw.lower(), unquote_to_bytes(raw).lower()]
    return [word for word in words if any(word.lower().encode() in text for text in texts) or _in_base64(word, raw)]


def check(output: str | bytes, where: str) -> None:
    """Fail where an output shows a planted word; the failure shows it no second time."""
    if found := _lines(output):
        pytest.fail(_sentence(where, found), pytrace=False)


def check_files(folder: Path) -> None:
    """Fail where a file below the folder has a planted word in it, or in its name."""
    for file in folder.rglob("*"):
        check(file.relative_to(folder).as_posix(), f"a name of a file under {folder}")
        if file.is_file():
            check(file.read_bytes(), str(file))


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Collected, Collected]:
    """Reject a module whose tests have a planted word in their ids: pytest prints those before any report.

    Raises CollectError.
    """
    made = yield
    for node in made if isinstance(made, list) else [made]:
        if node is not None and (found := _lines(node.nodeid)):
            raise pytest.Collector.CollectError(_sentence("the id of a test", found))
    return made


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the import of a module that shows a planted word."""
    report = yield
    _withhold(report, "collect")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that shows a planted word in its output, its log, or the reason why it failed or was skipped."""
    report = yield
    _withhold(report, call.when)
    return report


def _withhold(report: pytest.TestReport | pytest.CollectReport, when: str) -> None:
    """Take planted words out of a report, and fail it.

    The output of an earlier phase of the test is in the reports of all later ones; it fails the one that it is from.
    """
    reason = f"{report.longrepr or ''} {getattr(report, 'wasxfail', '')}"
    found = {"the reason": _lines(reason) or _lines_cut_off(reason)} | {
        name: _lines(content) for name, content in report.sections if when == "collect" or name.endswith(f" {when}")
    }
    report.sections = [(name, _masked(content)) for name, content in report.sections]
    if shown := [_sentence(where, lines) for where, lines in found.items() if lines]:
        vars(report).pop("wasxfail", None)
        report.outcome, report.longrepr = "failed", "\n".join([*shown, _masked(f"{report.longrepr or ''}")])


def _masked(text: str) -> str:
    """The text without its planted words, or nothing of it where they are encoded or cut."""
    masked = re.sub("|".join(map(re.escape, WORDS)), MASK, text, flags=re.IGNORECASE)
    return WITHHELD if _lines(masked) or _lines_cut_off(masked) else masked


def _sentence(where: str, lines: list[int]) -> str:
    return f"{where} shows planted words: line {', '.join(map(str, lines))} of tests/planted.txt"


def _lines(output: str | bytes) -> list[int]:
    return [WORDS.index(word) + 1 for word in planted_in(output)]


def _lines_cut_off(reason: str) -> list[int]:
    """The planted words of which most is there: pytest writes `...` in the place of a part of a long value."""
    return [
        number
        for number, word in enumerate(WORDS, start=1)
        if any(f"{word[:n]}..." in reason or f"...{word[-n:]}" in reason for n in range(MOST_OF_A_WORD, len(word)))
    ]


def _in_base64(word: str, raw: bytes) -> bool:
    """Return whether the word is there in base64, at any of the three offsets that it may have."""
    return any(_base64_core(word, offset) in raw for offset in range(3))


def _base64_core(word: str, offset: int) -> bytes:
    """The signs of base64 that depend on the word alone, where so many bytes are before it."""
    encoded = base64.b64encode(b"\0" * offset + word.encode())
    return encoded[(8 * offset + 5) // 6 : (8 * (offset + len(word))) // 6]
