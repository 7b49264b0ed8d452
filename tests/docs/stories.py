"""A page as one story: its commands are run in order, by bash, in a folder of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import planted, servers
from tests.docs.pages import SHELL, Block
from tests.unit.cli.commands import clean_environ

PRINTED_ADDRESS = "http://127.0.0.1:8000"
ABSOLUTE = ("/etc/headroom", "/var/lib/headroom", "/backup")  # of the pages; below the story's folder when run
SERVE = re.compile(r"^headroom-service(?! keys\b)(?P<options>.*)$", re.MULTILINE)
SECONDS = 900
CURL_CONFIG = "fail\nsilent\nshow-error\n"  # so that a wrong address ends a command with an error


@dataclass(frozen=True)
class Story:
    """The commands of one page. Its requests go to a service over `home`."""

    folder: Path
    home: str = ".headroom"

    def run(self, block: Block) -> None:
        """Write or run one block; fails with the output where a command does."""
        if block.mark == "file":
            target = self.folder / block.said
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.write_text(block.text)
        elif block.language == SHELL and block.mark != "not run":
            if block.mark == "run before":
                self._bash(block.said)
            with self._service(block.text) as address:
                self._bash(SERVE.sub("", block.text).replace(PRINTED_ADDRESS, address))

    @contextmanager
    def _service(self, commands: str) -> Iterator[str]:
        """The service that the block starts, or that its requests go to, as long as the block runs."""
        started = SERVE.search(commands)
        if started is None and PRINTED_ADDRESS not in commands:
            yield PRINTED_ADDRESS
            return
        serve = started.group() if started else f"headroom-service --home {self.home}"
        port, log = servers.free_port(), self.folder / "service.log"
        exported = dict(re.findall(r"^export (\w+)=(\S+)$", commands, re.MULTILINE))
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {self._moved(serve)} --port {port}"],
                cwd=self.folder,
                env={**self._environ(), **exported},
                stdout=output,
                stderr=output,
            )
        try:
            servers.wait_until_listening(port, process, log)
            yield f"http://{servers.LOOPBACK}:{port}"
        finally:
            servers.stop(process)
        planted.check(log.read_bytes(), "the log of the service")

    def follow(self, commands: str) -> "subprocess.CompletedProcess[str]":
        """Run commands while something is broken: one that fails does not end them."""
        return self._ended("-uo", commands)

    def _bash(self, commands: str) -> None:
        ended = self._ended("-euo", commands)
        assert ended.returncode == 0, f"{commands}\nended with {ended.returncode}:\n{ended.stdout}"

    def _ended(self, options: str, commands: str) -> "subprocess.CompletedProcess[str]":
        """Return the end of the commands and all that they printed."""
        ended = subprocess.run(
            ["bash", options, "pipefail", "-c", self._moved(commands)],
            cwd=self.folder,
            env=self._environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        planted.check(ended.stdout, "the output of a command of the docs")
        return ended

    def _environ(self) -> dict[str, str]:
        (self.folder / ".curlrc").write_text(CURL_CONFIG)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**clean_environ(), "PATH": path, "CURL_HOME": str(self.folder)}

    def _moved(self, commands: str) -> str:
        for path in ABSOLUTE:
            commands = commands.replace(path, str(self.folder / path.strip("/")))
        return commands
