"""The output of a command without secrets: its log, its tracebacks, and all that it prints."""

import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from publication.redaction import Redactor

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
