"""Text on consoles and in file names of any encoding: a sign that cannot be shown is written as a backslash escape."""

import codecs
import io
import sys

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
