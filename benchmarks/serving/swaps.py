"""Publications that take each other's place under load."""

import asyncio
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.serving.load import Met, Wrk, paced, wrk
from publication.store import FILE_NAME

FIRST_STORED_DAYS_AGO = 30
"""Days before today for which the first publication stands."""
MINUTE_SECONDS = 60
PACE = 100
MOST_P99_MS = 50.0
MOST_TAKE_UP_SECONDS = 5.0


def swaps(home: Path, url: str, key: str, rounds: int) -> Iterator[str]:
    """A minute of wrk and of a client that holds every body to its ETag, while `rounds` revisions are issued."""
    found: dict[str, Any] = {}
    address = f"{url}/v1/forecasts/S7/occupancy"

    def hammer() -> None:
        found["wrk"] = wrk(address, MINUTE_SECONDS, f"Authorization: Bearer {key}")

    def check() -> None:
        found["met"] = asyncio.run(paced(address, PACE, MINUTE_SECONDS, key))

    threads = [threading.Thread(target=of) for of in (hammer, check)]
    for thread in threads:
        thread.start()
    began, issued = time.monotonic(), {}
    for n in range(rounds):
        time.sleep(max(began + n * MINUTE_SECONDS / (rounds + 1) - time.monotonic(), 0))
        issued[copy_as_revision(home)] = time.monotonic()
    for thread in threads:
        thread.join()
    hammered: Wrk = found["wrk"]
    met: Met = found["met"]
    taken_up = [met.first_seen[revision] - at for revision, at in issued.items() if revision in met.first_seen]
    yield f"{rounds} issued in a minute, {len(taken_up)} of them taken up in it (all {rounds} are wanted)"
    if taken_up:
        yield (
            f"taken up after {statistics.median(taken_up):.1f} s in the median, {max(taken_up):.1f} s at most "
            f"(at most {MOST_TAKE_UP_SECONDS:g})"
        )
    yield f"wrk: {hammered.per_second:,.0f} a second, {hammered.failed} failed, p99 {hammered.p99_ms:.1f} ms"
    yield (
        f"{PACE} a second, held to their ETags: {len(met.seconds):,} requests, {len(met.failed)} failed, "
        f"p99 {met.percentile_ms(99):.1f} ms (at most {MOST_P99_MS:g})"
    )


def copy_as_revision(home: Path) -> int:
    """Issue the newest publication once more; return its revision. By SQL: writing takes little of the machine then."""
    connection = sqlite3.connect(home / FILE_NAME, timeout=60)
    with connection:
        newest = "SELECT * FROM publications ORDER BY cutoff DESC, revision DESC LIMIT 1"
        names = [column[0] for column in connection.execute(newest).description]
        row = dict(zip(names, connection.execute(newest).fetchone(), strict=True))
        del row["id"]
        row["revision"] += 1
        marks = ",".join("?" * len(row))
        connection.execute(f"INSERT INTO publications ({','.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608
    connection.close()
    return int(row["revision"])
