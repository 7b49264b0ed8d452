"""Which code made a run."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import publication
import training

DISTRIBUTION = "headroom-forecast"
UNINSTALLED = "source"  # run from a folder of source, as the images do
DIGITS = 12


def code_version() -> str:
    """The release, and a digest of the source of training and publication, which changes with any edit."""
    digest = hashlib.sha256()
    for package in (publication, training):
        folder = Path(next(iter(package.__path__)))
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return f"{_release()}+{digest.hexdigest()[:DIGITS]}"


def _release() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return UNINSTALLED
