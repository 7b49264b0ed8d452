"""What a registered version is, in files: what it was trained on, its recipe, how it did, and its state.

JSON, Parquet and arrays: nothing is unpickled to read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from publication.model import System
from training.backtest.track_record import BacktestSummary
from training.history.identity import SystemIdentity
from training.pipeline.state import State, read_state
from training.system import SystemContext

DESCRIPTION, STATE = "version.json", "state"


@dataclass(frozen=True)
class Version:
    """All of a version but its state; `champion_record` is of the version `compared_with`, if there was a champion."""

    system: System
    identity: SystemIdentity
    context: SystemContext
    recipe: Mapping[str, str]
    trained_to: date
    data_digest: str
    code_version: str
    record: BacktestSummary
    champion_record: BacktestSummary | None = None
    compared_with: int | None = None


JSON = TypeAdapter(Version)


def write(version: Version, state: State, folder: Path) -> None:
    """Into a folder, which is made."""
    folder.mkdir(parents=True)
    (folder / DESCRIPTION).write_bytes(JSON.dump_json(version, indent=1))
    state.write(folder / STATE)


def read_version(folder: Path) -> Version:
    """What was written, but for the state. Raises ValueError where it is of another release."""
    return JSON.validate_json((folder / DESCRIPTION).read_bytes())


def read_whole(folder: Path) -> tuple[Version, State]:
    """What was written: enough to forecast with."""
    return read_version(folder), read_state(folder / STATE)
