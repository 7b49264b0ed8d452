"""Cost of serving 10,000 series of 28 days and nine quantiles, from one process, with key, metrics and log.

Needs wrk and curl. `python -m benchmarks.serving [--sites 1599] [--rounds 5] [--seconds 4] [--home DIR]
[--only-swaps]`; `--home` keeps the store that is made, and takes it up again.
"""

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.serving.load import CONNECTIONS, download, paced, wrk
from benchmarks.serving.mlflow_peer import mlflow_server
from benchmarks.serving.region import N_SITES, publication
from benchmarks.serving.swaps import FIRST_STORED_DAYS_AGO, swaps
from publication.model import PublicationSummary
from publication.store import Store, default_url
from tests import servers

LEAST_SHARE = 0.95
MOST_P99_MS, MOST_MIB, MOST_FIRST_BYTE_SECONDS = 10.0, 600, 0.05
PACE, PACED_SECONDS = 200, 20
SERIES, PLACE = "S7/occupancy", "S7"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=N_SITES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--home", type=Path)
    parser.add_argument(
        "--only-swaps", action="store_true", help="measure publications issued under load, nothing else"
    )
    options = parser.parse_args()
    if absent := [program for program in ("wrk", "curl") if shutil.which(program) is None]:
        sys.exit(f"benchmarks.serving needs {' and '.join(absent)}. Install them.")
    with ExitStack() as running:
        home = options.home or Path(running.enter_context(tempfile.TemporaryDirectory()))
        if options.only_swaps:
            _swaps(home, options.sites, running)
        else:
            _measure(home, options.sites, options.rounds, options.seconds, running)


def _measure(home: Path, n_sites: int, rounds: int, seconds: int, running: ExitStack) -> None:
    issued = _issued(home, n_sites)
    key = _key(home)
    service = running.enter_context(servers.service(home))
    client = httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=120)
    while client.get("/readyz").status_code != httpx.codes.OK:
        time.sleep(0.2)
    print(f"{issued.n_series:,} series; {_memory(service.process.pid)}")
    for name, address in (
        ("one series", f"/v1/forecasts/{SERIES}"),
        ("a place's CSV", f"/v1/forecasts?place={PLACE}&format=csv"),
        ("pressure of the worst 20 places", "/v1/pressure?limit=20"),
        ("the system page", "/"),
    ):
        _compare(name, client, service.url, address, key, rounds, seconds, home)
    _paced(service.url, key)
    _csv(service.url, key)
    print(f"after that: {_memory(service.process.pid)}")
    _swap(home, service, key, issued.n_series)
    small = home / "small"
    region = _issued(small, N_SITES // 10)
    _swap(small, running.enter_context(servers.service(small)), _key(small), region.n_series)


def _swaps(home: Path, n_sites: int, running: ExitStack) -> None:
    """Measure publications that are issued while wrk runs, and nothing else."""
    issued, key = _issued(home, n_sites), _key(home)
    service = running.enter_context(servers.service(home))
    client = httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=120)
    while client.get("/readyz").status_code != httpx.codes.OK:
        time.sleep(0.2)
    _swap(home, service, key, issued.n_series)


def _swap(home: Path, service: servers.Service, key: str, n_series: int) -> None:
    print(f"{n_series:,} series, publications that are issued while wrk runs:")
    for line in swaps(home, service.url, key, rounds=10):
        print(f"  {line}")
    print(f"  after that: {_memory(service.process.pid)} (at most {MOST_MIB} MiB)")


def _issued(home: Path, n_sites: int) -> PublicationSummary:
    """The newest summary of the store under `home`, which is made where it is absent."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store(default_url(home))
    store.prepare()
    if not store.summaries(limit=1):
        store.issue(publication(datetime.now(UTC).date() - timedelta(days=FIRST_STORED_DAYS_AGO), n_sites))
    summary = store.summaries(limit=1)[0]
    store.close()
    return summary


def _key(home: Path) -> str:
    command = [sys.executable, "-m", "service", "--home", str(home), "keys", "create"]
    name = f"bench-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    run = subprocess.run([*command, name, "--per-minute", "1000000000"], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def _compare(
    name: str, client: httpx.Client, url: str, address: str, key: str, rounds: int, seconds: int, home: Path
) -> None:
    """Requests a second, compared with bare routes with the same bytes; each round runs all of them in turn."""
    answer = client.get(address, headers={"Accept-Encoding": "identity"})
    (home / "body").write_bytes(answer.content)
    authorised, known = f"Authorization: Bearer {key}", f"If-None-Match: {answer.headers['etag']}"
    with _bare("fastapi", home) as fastapi, _bare("starlette", home) as starlette:
        measures: dict[str, Callable[[], float]] = {
            "bare FastAPI": lambda: wrk(fastapi, seconds).per_second,
            "bare Starlette": lambda: wrk(starlette, seconds).per_second,
            "200": lambda: wrk(url + address, seconds, authorised).per_second,
            "304": lambda: wrk(url + address, seconds, authorised, known).per_second,
        }
        found = [{name: measure() for name, measure in measures.items()} for _ in range(rounds)]
    print(f"{name}, {len(answer.content):,} bytes, {CONNECTIONS} connections:")
    for who in measures:
        share = statistics.median(of_round[who] / of_round["bare FastAPI"] for of_round in found)
        bar = f" (at least {LEAST_SHARE})" if who in {"200", "304"} else ""
        print(
            f"  {who:15}{statistics.median(of[who] for of in found):9,.0f} a second, {share:.2f} of bare FastAPI{bar}"
        )
    if name == "one series":
        with mlflow_server(answer.json(), home) as measure:
            print(
                f"  {'mlflow models serve':20}{measure(seconds):,.0f} a second, for a model that only finds the series"
            )


@contextmanager
def _bare(kind: str, home: Path) -> Iterator[str]:
    port, log = servers.free_port(), home / f"{kind}.log"
    command = [sys.executable, "-m", "benchmarks.serving.peers", kind, str(port), str(home / "body")]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        servers.wait_until_listening(port, process, log)
        yield f"http://{servers.LOOPBACK}:{port}/body"
    finally:
        servers.stop(process)


def _paced(url: str, key: str) -> None:
    met = asyncio.run(paced(f"{url}/v1/forecasts/{SERIES}", PACE, PACED_SECONDS, key))
    print(
        f"{PACE} requests a second for {PACED_SECONDS} s: p50 {met.percentile_ms(50):.1f} ms, "
        f"p99 {met.percentile_ms(99):.1f} ms (at most {MOST_P99_MS:g}), {len(met.failed)} failed"
    )


def _csv(url: str, key: str) -> None:
    found = [download(f"{url}/v1/forecasts?format=csv", key) for _ in range(5)]
    first, speed = (statistics.median(of[i] for of in found) for i in (0, 1))
    print(
        f"the complete CSV, {found[0][2] / 1e6:.0f} MB: first byte after {1000 * first:.0f} ms "
        f"(at most {1000 * MOST_FIRST_BYTE_SECONDS:.0f}), {speed:,.0f} MB/s (at least 100)"
    )


def _memory(pid: int) -> str:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = {line.split(":")[0]: int(line.split()[1]) for line in status.splitlines() if line.startswith("Vm")}
    return f"resident {memory['VmRSS'] / 1024:.0f} MiB, at its peak {memory['VmHWM'] / 1024:.0f} MiB"


if __name__ == "__main__":
    main()
