"""The time and the memory of a job by step: its main thread is sampled every few milliseconds.

The time since the last look, and the memory, count for the step whose function is the innermost on the stack.
"""

import os
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

EVERY_SECONDS = 0.02
MEMORY_EVERY_SECONDS = 0.2
PAGE_BYTES = resource.getpagesize()
START = "start and end"
STEPS = {
    ("training.jobs.context", "Context.history"): "read history",
    ("training.history.archive", "Archive.digest"): "read history",
    ("training.jobs.ingest", "run"): "ingest",
    ("training.jobs.ingest", "_reviewed"): "review",
    ("training.monitoring.scoring", ""): "score",
    ("training.jobs.score", ""): "score",
    ("training.pipeline.state", "StateFolder.read"): "read state",
    ("training.pipeline.state", "read_state"): "read state",
    ("training.pipeline.state", "StateFolder.write"): "write state",
    ("training.pipeline.forecaster", "Forecaster.state"): "write state",
    ("training.pipeline.means", "MeansCache.make"): "means of candidates",
    ("training.pipeline.windows", "WindowForecasts.weights"): "weights",
    ("training.pipeline.windows", "WindowForecasts.published"): "past errors",
    ("training.pipeline.windows", "WindowForecasts.actuals"): "past errors",
    ("training.pipeline.margins", "Margins.calibrate"): "calibration",
    ("training.pipeline.system_paths", "SystemPaths.chunks"): "paths",
    ("training.pipeline.forecaster", "Pipeline._assembled"): "sums",
    ("training.pipeline.publishing", "as_publication"): "publication",
    ("training.pipeline.publishing", "drivers"): "drivers",
    ("training.pipeline.pressure", "headroom"): "headroom",
    ("training.history.recent_findings", "recent_findings"): "findings",
    ("training.history.review", "weekly_total_flags"): "findings",
    ("publication.store", "Store.issue"): "store",
    ("training.jobs.export", "export_newest"): "store",
    ("training.jobs.publish", "next_cutoff"): "cutoff and notes",
    ("training.jobs.publish", "lateness_notes"): "cutoff and notes",
    ("training.jobs.registry", ""): "registry",
    ("training.tracking.runs", ""): "tracking",
    ("training.backtest.evaluation", ""): "evaluation",
    ("importlib._bootstrap", ""): "imports",
}
"""Module and function (any, where it is empty) to step."""


class StepSampler:
    """Seconds and the largest memory (bytes, of the process and its workers) of each step of a thread."""

    def __init__(self, thread: int) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.peak_bytes: defaultdict[str, int] = defaultdict(int)
        self.innermost: defaultdict[str, float] = defaultdict(float)
        self._thread = thread
        self._memory_at = 0.0

    def look(self, seconds: float) -> None:
        """Count the seconds since the last look for the step that runs now."""
        frame = sys._current_frames().get(self._thread)
        step = step_of(frame)
        self.seconds[step] += seconds
        self.innermost[f"{step}: {_own_line(frame)}"] += seconds
        now = time.perf_counter()
        if now - self._memory_at >= MEMORY_EVERY_SECONDS:
            self._memory_at = now
            self.peak_bytes[step] = max(self.peak_bytes[step], memory_bytes(os.getpid()))


@contextmanager
def sampled() -> Iterator[StepSampler]:
    """Sample the steps of the calling thread while the block runs."""
    sampler, over = StepSampler(threading.get_ident()), threading.Event()

    def look_on() -> None:
        last = time.perf_counter()
        while not over.wait(EVERY_SECONDS):
            now = time.perf_counter()
            sampler.look(now - last)
            last = now

    watcher = threading.Thread(target=look_on, daemon=True)
    watcher.start()
    try:
        yield sampler
    finally:
        over.set()
        watcher.join()


def step_of(frame: FrameType | None) -> str:
    """Return the step of the innermost function on the stack that has one."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if (step := STEPS.get((module, frame.f_code.co_qualname), STEPS.get((module, "")))) is not None:
            return step
        frame = frame.f_back
    return START


def _own_line(frame: FrameType | None) -> str:
    """Return the innermost function of Headroom on the stack, with the line it is at."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(("training.", "publication.")):
            return f"{module}.{frame.f_code.co_qualname}:{frame.f_lineno}"
        frame = frame.f_back
    return "elsewhere"


def memory_bytes(process: int) -> int:
    """Return the resident memory of a process and its workers; pages that they share are counted in each."""
    folder = Path("/proc", str(process))
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [int(child) for file in folder.glob("task/*/children") for child in file.read_text().split()]
    except OSError:  # it has just ended
        return 0
    return pages * PAGE_BYTES + sum(map(memory_bytes, children))
