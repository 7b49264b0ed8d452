"""A Dockerfile replayed without Docker: each stage in a folder that stands for the root of its image.

It knows the instructions and the programs that our Dockerfile uses, and refuses any other: nothing is passed by in
silence.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.repository import ROOT

SYSTEM_PYTHON = "usr/local"  # where the official Python images have theirs
MACHINE_USERS = ("groupadd", "useradd")  # would change this machine: read by a test, not replayed
INSTALL_SECONDS = 600
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")  # as .dockerignore says


@dataclass(frozen=True)
class Step:
    """One instruction, its continuation lines joined."""

    verb: str
    rest: str


@dataclass(frozen=True)
class Stage:
    """`FROM base AS name` and what follows it."""

    name: str
    base: str
    steps: tuple[Step, ...]


def stages(text: str) -> dict[str, Stage]:
    """The stages by name, in their order."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = without_comments.replace("\\\n", " ").splitlines()
    steps = [Step(*line.split(maxsplit=1)) for line in lines if line.strip()]
    starts = [i for i, step in enumerate(steps) if step.verb == "FROM"]
    found = {}
    for start, end in zip(starts, [*starts[1:], len(steps)], strict=True):
        base, _, name = steps[start].rest.split()
        found[name] = Stage(name, base, tuple(steps[start + 1 : end]))
    return found


@dataclass
class Image:
    """What a stage has come to: a folder as its root, and how a container of it would run."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / (Path(self.workdir) / path).relative_to("/")

    @property
    def container_environ(self) -> dict[str, str]:
        """The variables of a container, their paths led into the root; this machine's programs come last."""
        environ = {name: self._led(value) for name, value in self.environ.items()}
        return {**environ, "PATH": f"{environ.get('PATH', self._led('/usr/local/bin'))}:{os.environ['PATH']}"}

    def _led(self, value: str) -> str:
        parts = (part for part in value.split(":") if part != "$PATH")
        return ":".join(str(self.inside(part)) if part.startswith("/") else part for part in parts)


class Replay:
    """Builds the stages of one Dockerfile under a folder, each once."""

    def __init__(self, dockerfile: Path, folder: Path) -> None:
        self._stages = stages(dockerfile.read_text())
        self._folder = folder
        self._images: dict[str, Image] = {}
        self._replayed: dict[str, Callable[[Image, str], None]] = {
            "ENV": _env,
            "WORKDIR": _workdir,
            "RUN": _run,
            "COPY": self._copy,
            "USER": lambda image, rest: setattr(image, "user", rest),
            "EXPOSE": lambda image, rest: None,
            "HEALTHCHECK": lambda image, rest: setattr(image, "healthcheck", json.loads(rest.partition("CMD ")[2])),
            "ENTRYPOINT": lambda image, rest: setattr(image, "entrypoint", json.loads(rest)),
            "CMD": lambda image, rest: setattr(image, "cmd", json.loads(rest)),
        }

    def image(self, name: str) -> Image:
        """The image of a stage, built where it is not yet."""
        if name not in self._images:
            stage = self._stages[name]
            image = self._begun(stage)
            for step in stage.steps:
                self._replayed[step.verb](image, step.rest)
            self._images[name] = image
        return self._images[name]

    def _begun(self, stage: Stage) -> Image:
        root = self._folder / stage.name
        if stage.base in self._stages:
            base = self.image(stage.base)
            _link_tree(base.root, root)
            return Image(root, dict(base.environ), base.workdir, base.user)
        assert re.fullmatch(r"python:3\.\d+-slim", stage.base), f"{stage.base} is not a base that can be replayed"
        root.mkdir()
        return Image(root)

    def _copy(self, image: Image, rest: str) -> None:
        *options, source, target = rest.split()
        if options:
            (origin,) = (option.removeprefix("--from=") for option in options)
            _link_tree(self.image(origin).inside(source), image.inside(target))
            return
        image.copied.append(source)
        if source.endswith("/"):
            shutil.copytree(ROOT / source, image.inside(target), ignore=IGNORED)
        else:
            image.inside(target).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, image.inside(target))


def _env(image: Image, rest: str) -> None:
    image.environ |= dict(pair.split("=", 1) for pair in shlex.split(rest))


def _workdir(image: Image, rest: str) -> None:
    image.workdir = rest
    image.inside(rest).mkdir(parents=True, exist_ok=True)


def _run(image: Image, rest: str) -> None:
    for command in rest.split("&&"):
        program, *arguments = shlex.split(command)
        if program in MACHINE_USERS:
            continue
        if program == "install":  # of a folder; its owner would be a user of the image
            image.inside(arguments[-1]).mkdir(parents=True)
        elif program == "pip":
            _pip(image, arguments)
        elif program == "uv":
            _uv(image, arguments)
        else:
            raise AssertionError(f"RUN {program} is not replayed")


def _pip(image: Image, arguments: list[str]) -> None:
    """pip of the image's own Python: uv does its work, in a virtual environment that stands for that Python."""
    prefix = image.root / SYSTEM_PYTHON
    our_uv = Path(sys.executable).parent / "uv"
    _check([our_uv, "venv", "--quiet", "--python", sys.executable, prefix])
    assert arguments[:2] == ["install", "--no-cache-dir"]
    _check([our_uv, "pip", "install", "--quiet", "--python", prefix, *_led(image, arguments[2:])])


def _uv(image: Image, arguments: list[str]) -> None:
    """The uv that the image installed. What it has downloaded before is used again, linked rather than copied."""
    uv = image.root / SYSTEM_PYTHON / "bin" / "uv"
    python = ["--python", sys.executable] if arguments[0] == "venv" else []
    cached = [argument for argument in arguments if argument != "--no-cache"]
    _check([uv, *_led(image, cached), *python])


def _led(image: Image, arguments: list[str]) -> list[str]:
    return [str(image.inside(argument)) if argument.startswith("/") else argument for argument in arguments]


def _check(command: list[str | Path]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    assert ran.returncode == 0, f"{shlex.join(map(str, command))}\n{ran.stderr}"


def _link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
