"""The figures of one measured job, as they are written and read."""

import json
from dataclasses import dataclass
from pathlib import Path

GIB = 2**30


@dataclass(frozen=True)
class StepCost:
    """The seconds of one step of a job, and the largest memory while it ran."""

    name: str
    seconds: float
    peak_gib: float


@dataclass(frozen=True)
class Figures:
    """The cost of a job: seconds, processor seconds with those of workers, and the largest memory."""

    seconds: float
    processor_seconds: float
    peak_gib: float
    steps: tuple[StepCost, ...]


def read_figures(file: Path) -> Figures:
    """Return the figures that `benchmarks.scale.measured` has written."""
    found = json.loads(file.read_text(encoding="utf-8"))
    steps = (StepCost(name, of["seconds"], of["peak_bytes"] / GIB) for name, of in found["steps"].items())
    return Figures(found["seconds"], found["processor_seconds"], found["peak_bytes"] / GIB, tuple(steps))
