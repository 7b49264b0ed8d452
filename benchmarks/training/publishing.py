"""Time of a daily publish of 150 simulated series of three years, 28 days ahead, from nothing and from a saved state.

A day is published without any state, and leaves its own. The next day is published from that, as every morning. Each
publish reads and writes the state, fits, forecasts, calibrates, and makes drivers and headroom. Its peer, on the same
panel and cores, is statsforecast's AutoETS alone. Each is a process of its own. CPU seconds include worker processes:
on a shared machine they say more than seconds.

It is shown too where the time from nothing goes. The main thread is looked at every few milliseconds, and the time
since the last look counts as a library's if one of the libraries is anywhere on its stack. For that the pipeline runs
once more with joblib in one process, so that what workers do is seen, and what is not fitting or predicting cannot
hide behind waiting.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MOST_TIMES_FROM_NOTHING, MOST_TIMES_CARRIED = 2.5, 1.0  # of AutoETS alone
LEAST_LIBRARY_SHARE = 0.85
PROGRAM = """
import json, os, resource, sys, threading, time, warnings
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
import joblib
import pandas as pd
from joblib.externals.loky import get_reusable_executor
from publication.model import Champion
from publication.vocabulary import series_key
from training.backtest.baselines import actuals
from training.frames import long
from training.history.archive import Archive
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import CATALOGUE, DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import as_publication
from training.pipeline.state import StateFolder
from training.system.reading import read_system
what, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3] or DEFAULT_CANDIDATE
warnings.simplefilter("ignore")
file = read_system(folder / "system" / "system.toml")
versions = Archive(folder / "history", file.system.timezone).versions()
history = PointInTimeHistory(versions, file.system, context=file.context)
cutoff = history.last_complete_day
day_before = cutoff - pd.Timedelta(days=1)
LIBRARIES = ("statsforecast", "mlforecast", "utilsforecast", "coreforecast", "sklearn", "scipy")
EVERY_SECONDS = 0.002
seconds = {"library": 0.0, "other": 0.0}
where, steps = {}, {}

def look(thread, is_over):
    last = time.perf_counter()
    while not is_over.wait(EVERY_SECONDS):
        frame, modules = sys._current_frames()[thread], []
        while frame:
            modules.append(frame.f_globals.get("__name__", ""))
            frame = frame.f_back
        now = time.perf_counter()
        is_library = any(module.split(".")[0] in LIBRARIES for module in modules)
        seconds["library" if is_library else "other"] += now - last
        if not is_library:
            own = next((m for m in modules if m.startswith("training.")), "start")
            where[own] = where.get(own, 0.0) + now - last
        last = now

def cpu_seconds():
    "CPU seconds of this process and of workers that have ended."
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

def step(name, work):
    began = time.perf_counter()
    done = work()
    steps[name] = time.perf_counter() - began
    return done

def publish(day, state_folder):
    "Publish a day from what was known then and the state that is there; leave the state of the day."
    recipe = {series_key(unique_id).measure: name for unique_id in history.latest.columns}
    known = versions[versions["ds"] <= day]
    seen = PointInTimeHistory(known, file.system, day, file.context).with_places_at(day)
    state = step("state read", state_folder.read)
    forecaster = Forecaster(seen, 28, state=state)
    forecast = step("forecast", lambda: forecaster.forecast(recipe, day))
    recent = actuals(seen, forecast.parts, pd.date_range(end=day, periods=56))
    made = Champion("benchmark", 1, ""), "", datetime.now(UTC)
    step("publication", lambda: as_publication(forecast, seen, forecaster.fits, recent, *made))
    step("state written", lambda: state_folder.write(forecaster.state(recipe, day)))

if what == "panel":
    n_days, n_series = history.imputed(cutoff).shape
    print(json.dumps({"series": n_series, "days": n_days, "recipe": name}))
elif what == "AutoETS":
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS
    panel = long(history.imputed(cutoff))
    began, cpu = time.perf_counter(), cpu_seconds()
    StatsForecast([AutoETS(season_length=7)], freq="D", n_jobs=os.cpu_count()).forecast(df=panel, h=28)
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": cpu_seconds() - cpu}))
else:
    is_over, is_looked_at = threading.Event(), what == "looked at"
    watcher = threading.Thread(target=look, args=(threading.get_ident(), is_over))
    with joblib.parallel_config("sequential") if is_looked_at else nullcontext():
        if is_looked_at:
            watcher.start()
        began, cpu = time.perf_counter(), cpu_seconds()
        state_folder = StateFolder(folder / ("unused" if is_looked_at else "state"), "benchmark")
        publish(cutoff if what == "carried" else day_before, state_folder)
        taken = time.perf_counter() - began
        get_reusable_executor().shutdown(wait=True)
        used = cpu_seconds() - cpu
    is_over.set()
    dearest = sorted(where.items(), key=lambda item: -item[1])[:6]
    print(json.dumps({"seconds": taken, "cpu": used, "steps": steps, **seconds, "where": dearest}))
"""
PREPARE = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from training.history.archive import Archive
from training.history.ingest import ingest
from training.simulate.run import simulate
from training.simulate.scenario import Scenario
from training.system.reading import read_system
folder, sites, days = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
scenario = Scenario(days=days, trusts=max(1, sites // 3), sites=sites)
file = read_system(simulate(folder / "system", 1, date(2025, 12, 31), scenario))
ingest(file, Archive(folder / "history", file.system.timezone), folder / "quarantine", datetime.now(UTC))
print("{}")
"""


def publishing(recipe: str, sites: int, days: int) -> None:
    """Print seconds, their ratios, and the share of library fits and predictions."""
    with TemporaryDirectory() as folder:
        ran(PREPARE, folder, str(sites), str(days))
        panel, theirs, from_nothing, carried, looked_at = (
            ran(PROGRAM, what, folder, recipe) for what in ("panel", "AutoETS", "nothing", "carried", "looked at")
        )
    share = looked_at["library"] / (looked_at["library"] + looked_at["other"])
    print(f"{panel['series']} series of {panel['days']} days, 28 days ahead, recipe {panel['recipe']}")
    print(f"AutoETS alone (statsforecast, all cores): {theirs['seconds']:.1f} s, {theirs['cpu']:.1f} CPU s")
    _print_publish("from nothing", from_nothing, theirs, MOST_TIMES_FROM_NOTHING)
    _print_publish("from the state of the day before", carried, theirs, MOST_TIMES_CARRIED)
    print(f"in one process, looked at: {looked_at['seconds']:.1f} s, of which in library fits and predictions")
    print(f"share: {share:.2f}, at least {LEAST_LIBRARY_SHARE:g}: {verdict(share >= LEAST_LIBRARY_SHARE)}")
    for module, seconds in looked_at["where"]:
        print(f"  not in a library: {seconds:6.2f} s {module}")


def _print_publish(case: str, ours: dict[str, Any], theirs: dict[str, Any], most: float) -> None:
    """Print seconds of a publish, by step, and the ratios to those of AutoETS alone."""
    ratio, of_cpu = (ours[what] / theirs[what] for what in ("seconds", "cpu"))
    print(f"daily publish {case}: {ours['seconds']:.1f} s, {ours['cpu']:.1f} CPU s")
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in ours["steps"].items()))
    print(f"  ratio: {ratio:.2f} ({of_cpu:.2f} of CPU seconds), at most {most:g}: {verdict(ratio <= most)}")


def verdict(is_met: bool) -> str:
    return "met" if is_met else "missed"


def ran(program: str, *arguments: str) -> dict[str, Any]:
    """Return the output of a program in a process of its own."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, *arguments]
    print(f"... {arguments[0] if len(arguments[0]) < 12 else 'simulating'}", file=sys.stderr, flush=True)
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # our own
    if ended.returncode:
        sys.exit(ended.stderr)
    log_progress: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return log_progress
