"""The end of a process in one sentence, where its surroundings are at fault; a traceback is for our own faults."""

import os
import select
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from publication.full_disk import FULL_DISK_EXIT_CODE, is_disk_full
from publication.redaction import Redactor

DISTRIBUTION = "headroom-forecast"
PACKAGES = frozenset({"publication", "service", "training"})
UNEXPECTED = 1
USAGE = 2
UTF_8_ADVICE = "Set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8, and run it again."
ROOM_ADVICE = "Make room on that disk, and run it again."
TRACEBACK_ADVICE = "Run it again; with PYTHONDEVMODE=1 it shows where in the code that was."


@contextmanager
def ends_in_a_sentence(command: str, extra: str, redactor: Redactor) -> Iterator[None]:
    """End the process in a sentence and a designed exit code, where the block raises what surroundings can cause.

    `command` is what a person ran, `extra` the extra of the distribution that holds its libraries. An error of any
    other family is raised on.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and _stdout_has_no_reader():
            _leave_stdout()
            sys.exit(UNEXPECTED)
        sentence, exit_code = _sentence(error, extra)
        if not sentence:
            raise
        trace = traceback.format_exc() if sys.flags.dev_mode else ""
        sys.stderr.write(redactor.redact(f"{trace}{command}: {sentence}\n"))
        sys.exit(exit_code)
    finally:
        _flush_stdout()


def _sentence(error: BaseException, extra: str) -> tuple[str, int]:
    """The sentence for an error that surroundings can cause, and the exit code; an empty one for any other."""
    if isinstance(error, ImportError):
        library = _missing_library(error)
        advice = f"Install what this needs: `pip install '{DISTRIBUTION}[{extra}]'`."
        return f"the library {library} is not installed. {advice}" if library else "", USAGE
    if isinstance(error, UnicodeError) and sys.getfilesystemencoding() != "utf-8":
        found = repr(error.object) if isinstance(error, UnicodeEncodeError) else _on_one_line(error)
        return (
            f"files are named in {sys.getfilesystemencoding()} here, which cannot hold {found}. {UTF_8_ADVICE}",
            USAGE,
        )
    if is_disk_full(error):
        return f"{_on_one_line(error)}. {ROOM_ADVICE}", FULL_DISK_EXIT_CODE
    if isinstance(error, OSError | UnicodeError | MemoryError):
        return f"{_on_one_line(error)}. {TRACEBACK_ADVICE}", UNEXPECTED
    if isinstance(error, KeyboardInterrupt):
        return "interrupted. Every command can be run again.", UNEXPECTED
    return "", UNEXPECTED


def _on_one_line(error: BaseException) -> str:
    """The error's type and words, on one line."""
    words = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _missing_library(error: ImportError) -> str | None:
    """The library whose absence made the import fail; None where what is missing is a module of ours, or a name."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModuleNotFoundError) and cause.name:
            library = cause.name.partition(".")[0]
            return None if library in PACKAGES else library
        cause = cause.__cause__ or cause.__context__
    return None


def _stdout_has_no_reader() -> bool:
    """Return whether stdout is a pipe that nobody reads any more (`| head`).

    A connection to a database may break in the same words, and that is to be said.
    """
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        return any(state & select.POLLERR for _, state in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # Windows has no poll, a replaced stdout no number
        return False


def _flush_stdout() -> None:
    """Write what is left, while it is still known what to do where nobody reads it: Python itself would complain."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_stdout()
    except (AttributeError, ValueError):  # there is none, or it is closed
        pass


def _leave_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
