"""Ends of a process: each row has the error that was raised, the exit code and the sentence."""

import sys

import pytest

from publication.exit_codes import ends_in_a_sentence
from publication.redaction import Redactor
from tests.planted import OPEN_SESAME

LIBRARY_OF_A_LIBRARY = ImportError("Unable to import required dependencies")
LIBRARY_OF_A_LIBRARY.__cause__ = ModuleNotFoundError("No module named 'numpy'", name="numpy")

ENDS = [
    (ModuleNotFoundError("no", name="pandas.io"), 2, "headroom x: the library pandas is not installed. "),
    (ModuleNotFoundError("no", name="typer"), 2, "needs: `pip install 'headroom-forecast[training]'`."),
    (LIBRARY_OF_A_LIBRARY, 2, "the library numpy is not installed"),
    (OSError(5, "Input/output error", "/mnt/a.csv"), 1, "OSError: [Errno 5] Input/output error: '/mnt/a.csv'. "),
    (OSError(f"{OPEN_SESAME} is wrong"), 1, "OSError: *** is wrong"),
    (BrokenPipeError(32, "Broken pipe"), 1, "BrokenPipeError: [Errno 32] Broken pipe"),  # of a database, say
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 1, "UnicodeDecodeError: 'utf-8' codec"),
    (MemoryError(), 1, "headroom x: MemoryError. Run it again"),
    (KeyboardInterrupt(), 1, "headroom x: interrupted."),
]  # fmt: skip


@pytest.mark.parametrize(("error", "exit_code", "says"), ENDS, ids=[type(error).__name__ for error, *_ in ENDS])
def test_a_foreseen_family_ends_in_one_sentence(
    error: BaseException, exit_code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(SystemExit) as ended,
        ends_in_a_sentence("headroom x", "training", Redactor(secrets=[OPEN_SESAME])),
    ):
        raise error
    said = capsys.readouterr().err
    assert ended.value.code == exit_code
    assert says in said
    assert said.count("\n") == 1
    assert said.endswith(".\n")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("nobody foresaw"),
        ModuleNotFoundError("no", name="training.nowhere"),
        ImportError("cannot import name 'x' from 'pandas'"),
        SystemExit(5),
    ],
    ids=repr,
)
def test_any_other_error_goes_on(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, ends_in_a_sentence("headroom x", "training", Redactor()):
        raise error
    assert raised.value is error


def test_where_files_are_named_in_ascii_the_sentence_says_how_to_change_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    with pytest.raises(SystemExit) as ended, ends_in_a_sentence("headroom x", "training", Redactor()):
        "/srv/Łódź".encode("ascii")
    assert ended.value.code == 2
    assert "named in ascii here, which cannot hold '/srv/Łódź'. Set PYTHONUTF8=1" in capsys.readouterr().err
