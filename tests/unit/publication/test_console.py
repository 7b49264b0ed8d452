"""Texts on consoles and in names of files: each row is a text, an encoding, and the bytes that are written."""

import io
import sys

import pytest

from publication.console import argument_text, is_utf_8, not_utf_8, prepare_streams, printable


@pytest.mark.parametrize(
    ("text", "encoding", "written"),
    [
        ("Łódź", "utf-8", b"\xc5\x81\xc3\xb3d\xc5\xba"),
        ("Łódź", "cp1252", b"\\u0141\xf3d\\u017a"),
        ("東", "ascii", b"\\u6771"),
        ("\N{HOSPITAL}", "cp1252", b"\\U0001f3e5"),
        ("b\udce9.csv", "utf-8", b"b\\xe9.csv"),
        ("b\udce9.csv", "ascii", b"b\\xe9.csv"),
        ("plain", "ascii", b"plain"),
    ],
)
def test_a_stream_writes_every_text(text: str, encoding: str, written: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    prepare_streams()
    for stream in streams:
        stream.write(text)
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        assert stream.buffer.getvalue() == written


def test_streams_that_are_none_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    other = io.StringIO()
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", other)
    prepare_streams()
    assert (sys.stdout, sys.stderr) == (None, other)
    other.write("Łódź")
    assert other.getvalue() == "Łódź"


@pytest.mark.parametrize(
    ("name", "shown", "is_text"),
    [
        ("b\udce9.csv", "b\\xe9.csv", False),
        ("Łódź.csv", "Łódź.csv", True),
        ("\udcc5\udc81.csv", "Ł.csv", False),  # of a C locale: its bytes are UTF-8
        ("\ud800", "\\ud800", False),
        ("", "", True),
    ],
)
def test_a_name_is_shown_as_text(name: str, shown: str, is_text: bool) -> None:
    assert printable(name) == shown
    assert is_utf_8(name) == is_text


@pytest.mark.parametrize(
    ("argument", "text"),
    [("\udcc5\udc81", "Ł"), ("Ł", "Ł"), ("\udce9", "\udce9"), ("RXH", "RXH")],
)
def test_an_argument_is_text_whatever_the_locale(argument: str, text: str) -> None:
    assert argument_text(argument) == text


def test_the_byte_at_fault_is_named() -> None:
    assert not_utf_8("b\udce9", "--home") == "\\xe9 in it is not UTF-8. Rename it, or give another --home"
