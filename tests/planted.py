"""Secrets that tests plant where a person keeps one: the words of `planted.txt`. No output may show them."""

import base64
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

WORDS = tuple((Path(__file__).parent / "planted.txt").read_text(encoding="utf-8").split())
HORSE, BATTERY, STAPLE, POSTGRESQL_PASSWORD, OPEN_SESAME, WRONG_GUESS = WORDS


def planted_in(output: str | bytes) -> list[str]:
    """The planted words in an output: as they are, in any case, percent-encoded, or in base64."""
    raw = output.encode(errors="surrogateescape") if isinstance(output, str) else output
    texts = [raw.lower(), unquote_to_bytes(raw).lower()]
    return [word for word in WORDS if any(word.lower().encode() in text for text in texts) or _in_base64(word, raw)]


def check(output: str | bytes, where: str) -> None:
    """Fail where an output shows a planted word; the failure shows it no second time."""
    found = [WORDS.index(word) for word in planted_in(output)]
    if found:
        pytest.fail(f"{where} shows planted secrets: lines {found} of tests/planted.txt, from 0", pytrace=False)


def check_files(folder: Path) -> None:
    """Fail where a file below the folder has a planted word in it, or in its name."""
    for file in folder.rglob("*"):
        check(file.relative_to(folder).as_posix(), f"a name of a file under {folder}")
        if file.is_file():
            check(file.read_bytes(), str(file))


def _in_base64(word: str, raw: bytes) -> bool:
    """Whether the word is there in base64, at any of the three offsets it may have in what was encoded."""
    return any(_base64_core(word, offset) in raw for offset in range(3))


def _base64_core(word: str, offset: int) -> bytes:
    """The signs of base64 that depend on the word alone, where so many bytes are before it."""
    encoded = base64.b64encode(b"\0" * offset + word.encode())
    return encoded[(8 * offset + 5) // 6 : (8 * (offset + len(word))) // 6]
