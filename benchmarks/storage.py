"""The cost of issuing, listing and reading a publication of ten thousand series, on SQLite and on PostgreSQL.

Each figure is of a process of its own, so that a peak of memory is that of the one job. Seconds are of the processor,
which a busy machine changes little. A read is also timed while another thread never rests, as requests do not.

`python -m benchmarks.storage [--sites 1599] [--databases sqlite postgresql]`
"""

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy import func, select, text

from publication.database import engine
from publication.model import Note
from publication.store import Store
from publication.vocabulary import NoteKind
from tests import servers

CUTOFF = date(2026, 11, 21)
ROUNDS = 3
NAP_SECONDS = 0.0005
NOTES = (Note(NoteKind.EVENT, "Strike 2026-11-24 (everywhere)"), Note(NoteKind.LATE, "2 series are late."))
COLUMNS = "issue s | list s | read s | read with a busy thread s | longest pause ms | peak of a read MiB | stored MB"


def main() -> None:
    """Print a row for each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=1599, help="of five measures each")
    parser.add_argument("--databases", nargs="+", choices=[*DATABASES], default=[*DATABASES])
    parser.add_argument("--job", nargs=2, metavar=("JOB", "URL"), help="one measurement, as JSON")
    chosen = parser.parse_args()
    if chosen.job:
        job, url = chosen.job
        print(json.dumps(_measured(job, url, chosen.sites)))
        return
    print(f"database | {COLUMNS}")
    for name in chosen.databases:
        with DATABASES[name]() as url:
            print(name, *_row(url, chosen.sites), sep=" | ", flush=True)


def _row(url: str, sites: int) -> Iterator[str]:
    found = {job: _job(job, url, sites) for job in ("issue", "list", "read", "busy", "pause")}
    yield f"{found['issue']['figure']:.1f}"
    yield from (f"{found[job]['figure']:.3f}" for job in ("list", "read", "busy"))
    yield f"{found['pause']['figure'] * 1000:.0f}"
    yield f"{found['read']['mib']:.0f}"
    yield f"{_size(url) / 1e6:.0f}"


def _job(job: str, url: str, sites: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.storage", "--sites", str(sites), "--job", job, url]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _measured(job: str, url: str, sites: int) -> dict[str, float]:
    store = Store(url, orjson.loads)
    jobs: dict[str, Callable[[], float]] = {
        "issue": lambda: _issue(store, sites),
        "list": lambda: min(_processor_seconds(store.summaries) for _ in range(ROUNDS)),
        "read": lambda: _processor_seconds(store.latest),
        "busy": lambda: min(_seconds_with_a_busy_thread(store.latest) for _ in range(ROUNDS)),
        "pause": lambda: min(_longest_pause_seconds(store.latest) for _ in range(ROUNDS)),
    }
    figure = jobs[job]()
    return {"figure": figure, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _issue(store: Store, sites: int) -> float:
    from benchmarks.serving.region import publication  # whose libraries are no part of what reading needs

    store.prepare()
    made = replace(publication(CUTOFF, sites), notes=NOTES)
    return _processor_seconds(lambda: store.issue(made))


def _processor_seconds(job: Callable[[], object]) -> float:
    began = time.process_time()
    job()
    return time.process_time() - began


def _seconds_with_a_busy_thread(read: Callable[[], object]) -> float:
    """Return the wall seconds of a read, while another thread holds the interpreter whenever it may."""
    done = threading.Event()
    busy = threading.Thread(target=_spin, args=(done,))
    busy.start()
    began = time.perf_counter()
    read()
    seconds = time.perf_counter() - began
    done.set()
    busy.join()
    return seconds


def _spin(done: threading.Event) -> None:
    while not done.is_set():
        sum(range(100))


def _longest_pause_seconds(read: Callable[[], object]) -> float:
    """Return the longest that a thread which naps for half a millisecond waits for the interpreter during a read."""
    reading = threading.Thread(target=read)
    reading.start()
    longest, last = 0.0, time.perf_counter()
    while reading.is_alive():
        time.sleep(NAP_SECONDS)
        now = time.perf_counter()
        longest, last = max(longest, now - last - NAP_SECONDS), now
    return longest


@contextmanager
def _sqlite() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/publications.db"


DATABASES = {"sqlite": _sqlite, "postgresql": servers.postgresql}


def _size(url: str) -> float:
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        return sum(part.stat().st_size for part in folder.iterdir())
    with engine(url).connect() as connection:
        connection.execute(text("CHECKPOINT"))
        return float(connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


if __name__ == "__main__":
    main()
