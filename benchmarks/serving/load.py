"""Load, and what it met: wrk for how many, a paced client for how long, a reader for how much."""

import asyncio
import hashlib
import re
import subprocess
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
CONNECTIONS = 32
REVISION_WITHIN_BYTES = 400  # of the start of a body of JSON


@dataclass(frozen=True)
class Wrk:
    """Results of wrk: requests a second, milliseconds of the 99th percentile, and everything that went wrong."""

    per_second: float
    p99_ms: float
    failed: int


def wrk(url: str, seconds: int, *headers: str, connections: int = CONNECTIONS) -> Wrk:
    arguments = [argument for header in headers for argument in ("-H", header)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *arguments, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    p99, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", text)[0]
    errors = re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    rejected = re.findall(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = sum(map(int, errors[0] if errors else ())) + sum(map(int, rejected))
    return Wrk(float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]), float(p99) * UNITS[unit], failed)


@dataclass
class Met:
    """Results of a paced client: seconds from when a request was due to its last byte, and what was not right."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    first_seen: dict[int, float] = field(default_factory=dict)
    """By revision, the instant (of `time.monotonic`) of the first body that had it."""

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


async def paced(url: str, per_second: float, seconds: float, key: str, connections: int = 8) -> Met:
    """Ask at a steady pace, whatever the answers take; hold each body to its ETag."""
    met, parts = Met(), urlsplit(url)
    request = (
        f"GET {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    ).encode()
    due: asyncio.Queue[float | None] = asyncio.Queue()

    async def request_when_due() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (at := await due.get()) is not None:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(re.findall(r"content-length: (\d+)", head)[0])
            body = await reader.readexactly(length)
            met.seconds.append(time.perf_counter() - at)
            tag = (re.findall(r'etag: "(\w+)"', head) or [""])[0]
            met.tags.add(tag)
            if revision := re.search(rb'"revision":\s*(\d+)', body[:REVISION_WITHIN_BYTES]):
                met.first_seen.setdefault(int(revision[1]), time.monotonic())
            if not head.startswith("http/1.1 200") or hashlib.sha256(body).hexdigest()[: len(tag)] != tag or not tag:
                met.failed.append(head.partition("\r\n")[0])
        writer.close()

    async def pace() -> None:
        began = time.perf_counter()
        for n in range(int(per_second * seconds)):
            at = began + n / per_second
            await asyncio.sleep(max(at - time.perf_counter(), 0))
            due.put_nowait(at)
        for _ in range(connections):
            due.put_nowait(None)

    await asyncio.gather(pace(), *(request_when_due() for _ in range(connections)))
    return met


def download(url: str, key: str) -> tuple[float, float, int]:
    """Seconds to the first byte, megabytes a second, bytes: of one complete body, as curl reports them."""
    command = ["curl", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer {key}"]
    arguments = ["-w", "%{time_starttransfer} %{time_total} %{size_download}", url]
    first, total, size = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(first), int(size) / 1e6 / (float(total) - float(first)), int(size)
