"""Text on consoles and in file names: of any encoding, and without secrets.

A sign that an encoding does not have is written as a backslash escape.
"""

import codecs
import io
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from publication.redaction import Redactor

ESCAPE = "headroom.escape"
LOWEST_BYTE, HIGHEST_BYTE = "\udc80", "\udcff"
"""Bytes of file names that are no text, as Python reads them (PEP 383)."""


def prepare_streams() -> None:
    """Let stdout and stderr of this process write every text, whatever their encoding."""
    codecs.register_error(ESCAPE, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not there at all where Windows runs a program without a console
            stream.reconfigure(errors=ESCAPE)


def printable(name: str) -> str:
    """Return the name of a file as text for UTF-8 files: bytes that are not UTF-8 are escaped, as `\\xe9`."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a lone surrogate, which no file name has, and an option may
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def argument_text(argument: str) -> str:
    """Return an argument or variable as its bytes are in UTF-8, whatever the locale; unchanged where they are not."""
    try:
        return argument.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return argument


def is_utf_8(name: str) -> bool:
    """Return whether the name is text, without bytes that are not UTF-8."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def not_utf_8(name: str, another: str = "name") -> str:
    """Say of a name that is not UTF-8 which byte is not, and what to do: rename it, or give another."""
    faulty = next((printable(sign) for sign in name if LOWEST_BYTE <= sign <= HIGHEST_BYTE), "a lone surrogate")
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8":
        return f"{faulty} in it is no sign of {encoding}, in which this process names files. Set PYTHONUTF8=1"
    return f"{faulty} in it is not UTF-8. Rename it, or give another {another}"


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escaped, error.object[error.start : error.end])), error.end


def _escaped(sign: str) -> str:
    if LOWEST_BYTE <= sign <= HIGHEST_BYTE:
        return f"\\x{ord(sign) & 0xFF:02x}"
    return sign.encode("ascii", "backslashreplace").decode("ascii")


_hidden: list[Redactor] = []
"""Of the command that is running. The log and the streams of a process are of all of it, too."""


@contextmanager
def redacted_output(redactor: Redactor) -> Iterator[None]:
    """Mask secrets in all that is logged or printed in the block, and in the traceback of an error nobody foresaw.

    Such an error ends the process with exit code 1, as it would by itself.
    """
    make_record, before = logging.getLogRecordFactory(), tuple(_hidden)

    def make_redacted_record(*arguments: object, **named: object) -> logging.LogRecord:
        return _redacted(make_record(*arguments, **named))

    logging.setLogRecordFactory(make_redacted_record)
    _hidden.append(redactor)
    out, err = MaskedStream(sys.stdout, _mask), MaskedStream(sys.stderr, _mask)
    try:
        with redirect_stdout(cast(TextIO, out)), redirect_stderr(cast(TextIO, err)):
            yield
    except Exception:  # noqa: BLE001  # whatever it is, it ends as it would have
        sys.stderr.write(_mask(traceback.format_exc()))
        raise SystemExit(1) from None
    finally:
        logging.setLogRecordFactory(make_record)
        _hidden[:] = before


def hide(addresses: Iterable[str], secrets: Iterable[str] = ()) -> None:
    """Mask the secrets of further addresses, such as those of a file that was read, in the output from now on.

    Without a block of `redacted_output` there is nothing to do.
    """
    if _hidden:
        _hidden.append(Redactor.without_users(addresses, secrets))


class MaskedStream:
    """A stream of text that masks secrets in each text written to it. In all else it is the stream below it."""

    def __init__(self, stream: TextIO, mask: Callable[[str], str]) -> None:
        self._stream, self._mask = stream, mask

    def write(self, text: str) -> int:
        """Write the text with secrets masked. Gives the length of what was given, as every stream does."""
        self._stream.write(self._mask(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _mask(text: str) -> str:
    for redactor in _hidden:
        text = redactor.redact(text)
    return text


def _redacted(record: logging.LogRecord) -> logging.LogRecord:
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # logging itself would print the arguments as they are
        message = f"A message of {record.name} could not be formatted."
    record.msg, record.args = _mask(message), ()
    if record.exc_info:
        record.exc_text = _mask(logging.Formatter().formatException(record.exc_info))
    return record
