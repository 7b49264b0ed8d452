"""Cost of tracking for a training: the share of `headroom train`'s wall time that is spent in MLflow.

The main thread is looked at every few milliseconds, and the time since the last look counts as tracking where MLflow,
or what hands it runs and versions, is anywhere on its stack: making tables, charts and the data report, and trying the
model on its example, are counted too. Importing MLflow is shown apart: it is done once, and by every command.
"""

from tempfile import TemporaryDirectory

from benchmarks.training.publishing import ran, verdict

AT_MOST = 0.10
PROGRAM = """
import json, sys, threading, time, warnings
from datetime import UTC, date, datetime
from pathlib import Path
began = time.perf_counter()
import mlflow
importing = time.perf_counter() - began
from rich.console import Console
from training.jobs import ingest, simulate, train
from training.jobs.context import context
from training.settings import settings
folder, sites, days = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
warnings.simplefilter("ignore")
quiet, now = Console(file=open("/dev/null", "w")), datetime.now(UTC)
file = simulate.run(quiet, folder / "system", 1, simulate.Scenario(days, max(1, sites // 2), sites), now)
job = context(file, settings(folder / "home", {}), now)
ingest.run(job, quiet, False)
OURS = ("training.tracking", "training.jobs.history")
seconds = {"tracking": 0.0, "all": 0.0}

def look(thread, is_over):
    last = time.perf_counter()
    while not is_over.wait(0.005):
        frame, modules = sys._current_frames()[thread], []
        while frame:
            modules.append(frame.f_globals.get("__name__", ""))
            frame = frame.f_back
        now = time.perf_counter()
        seconds["all"] += now - last
        if any(m.split(".")[0] == "mlflow" or m.startswith(OURS) for m in modules):
            seconds["tracking"] += now - last
        last = now

is_over = threading.Event()
watcher = threading.Thread(target=look, args=(threading.get_ident(), is_over))
watcher.start()
try:
    train.run(job, quiet)
finally:
    is_over.set()
    watcher.join()
print(json.dumps({"import": importing, **seconds}))
"""


def tracking(sites: int, days: int) -> None:
    """Print the share of a training's time that is tracking, and the share that it must not exceed."""
    with TemporaryDirectory() as folder:
        seconds = ran(PROGRAM, folder, str(sites), str(days))
    share = seconds["tracking"] / seconds["all"]
    print(f"headroom train, {sites} sites of {days} days: {seconds['all']:.1f} s")
    print(f"of which tracking: {seconds['tracking']:.1f} s (and importing MLflow: {seconds['import']:.1f} s)")
    print(f"share: {share:.3f}, at most {AT_MOST:g}: {verdict(share <= AT_MOST)}")
