"""Services of deploy/compose.yaml as processes of this machine: their own commands, at the addresses of a test."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests import planted, servers
from tests.architecture.repository import ROOT
from tests.architecture.test_dockerfile import command as image_command
from tests.unit.cli.commands import clean_environ

COMPOSE = ROOT / "deploy" / "compose.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def services() -> dict[str, Any]:
    """Return the services of the file, with what they share merged in."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return read["services"]


@dataclass(frozen=True)
class Process:
    """A service that runs as a process, and its log."""

    process: "subprocess.Popen[bytes]"
    log: Path


@dataclass(frozen=True)
class Composition:
    """The differences between this machine and the containers.

    `variables` are those of the file, `here` gives for each text of a container, such as a host and its port, that of
    this machine.
    """

    folder: Path
    variables: Mapping[str, str]
    here: Mapping[str, str]

    def localised(self, text: str, own: Mapping[str, str] | None = None) -> str:
        """Return a text with the variables filled in, and with the addresses and folders of this machine."""
        text = VARIABLE.sub(lambda found: self.variables.get(found[1], found[2] or ""), text).replace("$$", "$")
        for there, here in {**(own or {}), **self.here}.items():
            text = text.replace(there, here)
        return text

    @contextmanager
    def running(self, name: str, own: Mapping[str, str] | None = None) -> Iterator[Process]:
        """Run a service as long as the block does. `own` is like `here`, for this service alone, and comes first.

        Fails where its log shows a planted word.
        """
        service, log = services()[name], self.folder / f"{name}.log"
        words = [self.localised(word, own) for word in _words(service)]
        variables = {key: self.localised(str(value), own) for key, value in service.get("environment", {}).items()}
        with log.open("ab") as output:
            process = subprocess.Popen(
                words,
                cwd=ROOT,
                env=self._environ() | variables,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield Process(process, log)
        finally:
            servers.stop_group(process)
        planted.check(log.read_bytes(), f"the log of {name}")

    def _environ(self) -> dict[str, str]:
        """The variables that images set: their programs and their home."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**clean_environ(), "PATH": path, "HOME": str(self.folder), "HEADROOM_HOME": str(self.folder / "home")}


def _words(service: Mapping[str, Any]) -> list[str]:
    """The command of a service: its entry point, or that of its image, and its arguments."""
    target = service.get("build", {}).get("target")
    entrypoint = service.get("entrypoint") or (image_command("ENTRYPOINT", target) if target else [])
    arguments = service.get("command") or (image_command("CMD", target) if target else [])
    return [*entrypoint, *arguments]
