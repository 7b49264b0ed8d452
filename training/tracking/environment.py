"""What a run was made with: the machine's kind, Python, the libraries, and what it took."""

import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions

BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of what the kernel calls the largest resident set


@dataclass
class Cost:
    """What a block of work took; memory is the peak of the whole process, and of the largest of its workers."""

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
def measured() -> Iterator[Cost]:
    """Measures the block; the cost is known when it is over, also where it fails."""
    cost, began = Cost(), time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - began
        cost.peak_memory_bytes = _peak(resource.RUSAGE_SELF)
        cost.peak_worker_memory_bytes = _peak(resource.RUSAGE_CHILDREN)


def tags() -> dict[str, str]:
    """What runs can be searched by."""
    return {"headroom.python": platform.python_version(), "headroom.platform": platform.platform()}


@cache  # a second or two for some hundred distributions, which stay what they are while the process lives
def installed() -> str:
    """Every installed distribution with its version, as a requirements file has them."""
    found = {(d.metadata["Name"] or "").lower(): d.version for d in distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if name)


def _peak(who: int) -> float:
    return float(resource.getrusage(who).ru_maxrss * BYTES_PER_UNIT)
