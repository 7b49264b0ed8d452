"""The command line as a person meets it: an exit code, and what the two streams say."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from training.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


Headroom = Callable[..., Ended]


def in_process(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Headroom:
    """`headroom ARGUMENTS` in this process: what a subprocess would do, without importing everything again."""

    def headroom(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["headroom", *map(str, arguments)])
        capfd.readouterr()
        exit_code: object = 0
        try:
            main()
        except SystemExit as ended:
            exit_code = ended.code
        told = capfd.readouterr()
        assert isinstance(exit_code, int | None)
        return Ended(exit_code or 0, told.out, told.err)

    return headroom
