"""The provenance of a run: its code, its data, its environment and its cost."""

import hashlib
import json
import platform
import resource
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source_registry import resolve_dataset_source

import publication
import training

CODE_DIGITS = 12


def code_version() -> str:
    """Return the release, and a digest of the source of training and publication, which changes with any edit."""
    digest = hashlib.sha256()
    for package in (publication, training):
        folder = Path(next(iter(package.__path__)))
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return f"{publication.__version__}+{digest.hexdigest()[:CODE_DIGITS]}"


DATASET_DIGITS = 32  # all that MLflow has room for; the complete digest is a tag


@dataclass(frozen=True)
class HistorySnapshot:
    """The history of a system as known at an instant: its archive and its digest."""

    system: str
    archive: Path
    digest: str
    as_of: datetime

    def dataset(self) -> Dataset:
        return HistoryDataset(self)

    def tags(self) -> dict[str, str]:
        return {"headroom.data_digest": self.digest, "headroom.as_of": self.as_of.isoformat()}


class HistoryDataset(Dataset):
    """A reference to a history for MLflow, which stores no values of it."""

    def __init__(self, snapshot: HistorySnapshot) -> None:
        self._snapshot = snapshot
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there are two names for one kind of source
            source = resolve_dataset_source(snapshot.archive.as_uri())
        super().__init__(source, name=snapshot.system, digest=self._compute_digest())

    def _compute_digest(self) -> str:
        return self._snapshot.digest.rpartition(":")[2][:DATASET_DIGITS]

    @property
    def profile(self) -> dict[str, str]:
        """The instant at which it was known, and its digest."""
        return {"as_of": self._snapshot.as_of.isoformat(), "digest": self._snapshot.digest}

    @property
    def schema(self) -> None:
        """None: it is the same for every history, `unique_id, ds, y, known_at`."""

    def to_dict(self) -> dict[str, str]:
        """Return what MLflow stores."""
        return {**super().to_dict(), "profile": json.dumps(self.profile)}


BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of what the kernel calls the largest resident set


@dataclass
class RunCost:
    """Seconds and memory of a block of work; memory is the peak of the process, and of the largest of its workers."""

    seconds: float = 0.0
    peak_memory_bytes: float = 0.0
    peak_worker_memory_bytes: float = 0.0

    def metrics(self) -> dict[str, float]:
        return {
            "duration_seconds": self.seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
            "peak_worker_memory_bytes": self.peak_worker_memory_bytes,
        }


@contextmanager
def measure_cost() -> Iterator[RunCost]:
    """Measure the block; the cost is known when it is over, also where it fails."""
    cost, began = RunCost(), time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - began
        cost.peak_memory_bytes = _peak(resource.RUSAGE_SELF)
        cost.peak_worker_memory_bytes = _peak(resource.RUSAGE_CHILDREN)


def machine_tags() -> dict[str, str]:
    """Return tags by which runs can be searched: Python and platform."""
    return {"headroom.python": platform.python_version(), "headroom.platform": platform.platform()}


@cache  # a second or two for some hundred distributions, which stay what they are while the process lives
def installed_packages() -> str:
    """Return every installed distribution with its version, as a requirements file has them."""
    found = {(d.metadata["Name"] or "").lower(): d.version for d in distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if name)


def _peak(who: int) -> float:
    return float(resource.getrusage(who).ru_maxrss * BYTES_PER_UNIT)
