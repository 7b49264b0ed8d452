"""Commands of both programs as processes of their own, in any surroundings, and how each ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import servers
from tests.architecture.repository import ROOT
from tests.unit.cli.commands import OURS

PYTHONS_OWN = ("PYTHON", "LC_", "LANG", "COLUMNS")
SECONDS = 600


@dataclass(frozen=True)
class Ended:
    """The end of a process. `ready` is the answer of /readyz, of a service that listened until it was stopped."""

    exit_code: int
    out: str
    err: str
    ready: str = ""

    @property
    def last_words(self) -> str:
        """The last line of stderr."""
        return next(reversed(self.err.splitlines()), "")


@dataclass(frozen=True)
class Start:
    """The start of a process: a command before it, the environment, and folders to import from first."""

    prefix: Sequence[str] = ()
    environ: dict[str, str] = field(default_factory=dict)
    imported_first: tuple[Path, ...] = ()

    def run(self, module: str, *arguments: object) -> Ended:
        """`python -m MODULE ARGUMENTS`, until it ends by itself."""
        process = self._popen(module, *arguments)
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            servers.stop(process)
        return Ended(process.returncode, _text(out), _text(err))

    def serve(self, home: Path, *arguments: object) -> Ended:
        """The service, until it ends by itself or listens; then it is asked whether it is ready, and stopped.

        The exit code of one that listened is 0, however it was stopped.
        """
        port = servers.free_port()
        process = self._popen("service", "--home", home, "--port", port, *arguments)
        try:
            is_listening = _listens(process, port)
            ready = httpx.get(f"http://{servers.LOOPBACK}:{port}/readyz").text if is_listening else ""
            if is_listening:
                process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=SECONDS)
        finally:
            servers.stop(process)
        return Ended(0 if is_listening else process.returncode, _text(out), _text(err), ready)

    def _popen(self, module: str, *arguments: object) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, *PYTHONS_OWN))}
        path = os.pathsep.join(map(str, (*self.imported_first, ROOT)))
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            env={**inherited, "LC_ALL": "C.UTF-8", "PYTHONPATH": path, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until it does, or has ended."""
    try:
        servers.wait_until_listening(port, process, Path(os.devnull))
    except servers.ServerFailedError:
        return False
    return True


def _text(written: bytes) -> str:
    return written.decode("utf-8", "backslashreplace")
