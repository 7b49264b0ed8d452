"""Logs and output of a command: secrets of its environment and of all it reads later are masked everywhere."""

import io
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from publication.console import hide, redacted_output
from publication.redaction import Redactor
from tests.planted import BATTERY, HORSE, STAPLE, planted_in


def logged(message: str, *arguments: object) -> str:
    """Return the text that a handler of another library writes, within and without a traceback."""
    out = io.StringIO()
    logger, handler = logging.getLogger("tests.redaction"), logging.StreamHandler(out)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        with redacted_output(Redactor(secrets=[HORSE])):
            try:
                raise ValueError(HORSE) from KeyError(HORSE)
            except ValueError:
                logger.exception(message, *arguments)
    finally:
        logger.removeHandler(handler)
    return out.getvalue()


@pytest.mark.parametrize("arguments", [(HORSE,), ({"password": HORSE},), (), (HORSE, HORSE)])
def test_what_is_logged_shows_no_secret_nor_does_its_traceback(arguments: tuple[object, ...]) -> None:
    said = logged("connecting with %s", *arguments)
    assert planted_in(said) == []
    assert "ValueError: ***" in said
    assert "KeyError: '***'" in said


def test_an_error_that_nobody_foresaw_ends_with_exit_code_1_and_a_traceback_without_secrets() -> None:
    factory, out = logging.getLogRecordFactory(), io.StringIO()
    with (
        redirect_stderr(out),
        pytest.raises(SystemExit) as ended,
        redacted_output(Redactor(secrets=[HORSE])),
    ):
        raise ValueError(f"{HORSE} is not a number") from OSError(HORSE)
    assert ended.value.code == 1
    assert "ValueError: *** is not a number" in out.getvalue()
    assert "OSError: ***" in out.getvalue()
    assert planted_in(out.getvalue()) == []
    assert logging.getLogRecordFactory() is factory


def test_both_streams_show_no_secret_and_are_otherwise_what_they_were() -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        with redacted_output(Redactor(secrets=[HORSE])):
            assert sys.stdout.write(f"a {HORSE}\n") == len(HORSE) + 3
            sys.stderr.writelines([f"b {HORSE}\n", "c\n"])
            assert not sys.stdout.isatty()
        assert sys.stdout is out
        assert sys.stderr is err
    assert (out.getvalue(), err.getvalue()) == ("a ***\n", "b ***\nc\n")


def test_what_a_command_reads_on_its_way_is_hidden_until_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    hide([f"postgresql://u:{STAPLE}@h/d"])
    with redacted_output(Redactor(secrets=[HORSE])):
        hide([f"postgresql://hr:{BATTERY}@h/d"])
        sys.stdout.write(f"hr {HORSE} {BATTERY} h/d")
    assert capsys.readouterr().out == "hr *** *** h/d"
    with redacted_output(Redactor()):
        sys.stdout.write(BATTERY)  # of another command
    assert planted_in(capsys.readouterr().out) == [BATTERY]


def test_a_traceback_shows_no_secret_that_was_read_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:

    def read_and_fail() -> None:
        hide([f"postgresql://hr:{BATTERY}@h/d"], [HORSE])
        raise RuntimeError(f"{BATTERY} of {HORSE}")

    with pytest.raises(SystemExit), redacted_output(Redactor()):
        read_and_fail()
    assert capsys.readouterr().err.endswith("RuntimeError: *** of ***\n")
